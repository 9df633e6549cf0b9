-- ARGV: conversation, fence, id, what the reply to it is shown under.
if hold(ARGV[1], ARGV[2]) == LOST then return LOST end
redis.call('HSET', key('message', ARGV[3]), 'sent', ARGV[4])
redis.call('EXPIRE', key('message', ARGV[3]), seconds.message)
return GOOD
