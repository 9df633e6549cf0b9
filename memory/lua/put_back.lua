-- ARGV: conversation, fence, ms of a pause, "1" where the attempt failed.
local conversation, work = ARGV[1], key('work', ARGV[1])
if hold(conversation, ARGV[2]) == LOST then return LOST end
redis.call('HDEL', work, 'fence', 'held')
if ARGV[4] == '1' then redis.call('HINCRBY', work, 'failures', 1) end
if tonumber(ARGV[3]) > 0 then
  redis.call('ZADD', key('leases'), now() + ARGV[3], conversation)
else
  redis.call('ZREM', key('leases'), conversation)
  make_ready(conversation, true)
end
return GOOD
