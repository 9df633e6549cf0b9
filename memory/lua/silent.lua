-- ARGV: day, id of a message, its chat.
local day = ARGV[1]
if redis.call('SADD', key('silent', day), ARGV[2]) == 0 then return end
redis.call('EXPIRE', key('silent', day), seconds.silent)
redis.call('HINCRBY', key('silences', day), ARGV[3], 1)
redis.call('EXPIRE', key('silences', day), seconds.silences)
