-- ARGV: ms of a lease, then conversation and fence of each. Returns the changes of each, LOST where it is.
local held = {}
for i = 2, #ARGV, 2 do
  if hold(ARGV[i], ARGV[i + 1]) == LOST then
    held[#held + 1] = LOST
  else
    redis.call('ZADD', key('leases'), now() + ARGV[1], ARGV[i])
    held[#held + 1] = tonumber(redis.call('HGET', key('work', ARGV[i]), 'changes') or 0)
  end
end
return held
