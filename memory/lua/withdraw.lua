-- ARGV: id, seconds that a message is known. One that comes in later is refused as seen.
local message = key('message', ARGV[1])
local known = redis.call('HMGET', message, 'conversation', 'body')
redis.call('HSET', message, 'withdrawn', 1)
redis.call('EXPIRE', message, ARGV[2])
if known[2] then
  if redis.call('LINDEX', key('mailbox', known[1]), 0) == ARGV[1] then
    redis.call('HDEL', key('work', known[1]), 'answer', 'failures', 'blame')
  end
  take_out(known[1], ARGV[1])
  redis.call('HINCRBY', key('work', known[1]), 'changes', 1)
end
