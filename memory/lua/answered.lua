-- ARGV: place, a person, Unix seconds.
local place, person, at = ARGV[1], ARGV[2], tonumber(ARGV[3])
if is_forgotten(person, at) then return end
local set = key('answered', 'in:' .. place)
redis.call('ZADD', set, 'GT', at, person)
redis.call('ZREMRANGEBYSCORE', set, '-inf', '(' .. at - seconds.answered)
redis.call('EXPIRE', set, seconds.answered)
redis.call('SADD', key('answered', 'by:' .. person), place)
expire('answered', 'by:' .. person)
