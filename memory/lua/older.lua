-- ARGV: conversation, the window in turns.
local gone, _, start = place(ARGV[1], tonumber(ARGV[2]))
if start == gone then return {} end
return redis.call('LRANGE', key('history', ARGV[1]), 0, start - gone - 1)
