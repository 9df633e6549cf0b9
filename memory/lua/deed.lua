-- ARGV: id, Unix seconds, line, how many stay.
if redis.call('HSETNX', key('deeds'), ARGV[1], ARGV[3]) == 0 then return end
redis.call('ZADD', key('audit'), ARGV[2], ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', key('audit'), 0, -ARGV[4] - 1)) do
  redis.call('ZREM', key('audit'), id)
  redis.call('HDEL', key('deeds'), id)
end
