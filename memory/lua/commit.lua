-- ARGV: conversation, fence, changes, answer, and to be remembered: how the line begins, the line,
-- the window in turns, the expiry in seconds.
local held = hold(ARGV[1], ARGV[2], ARGV[3])
if held ~= GOOD then return held end
redis.call('HSET', key('work', ARGV[1]), 'answer', ARGV[4])
if ARGV[5] then remember(ARGV[1], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]) end
return GOOD
