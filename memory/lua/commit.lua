-- ARGV: conversation, fence, changes, answer, and what is to be remembered, if anything is.
local held = hold(ARGV[1], ARGV[2], ARGV[3])
if held ~= GOOD then return held end
redis.call('HSET', key('work', ARGV[1]), 'answer', ARGV[4])
if ARGV[5] then remember(ARGV[1], 5) end
return GOOD
