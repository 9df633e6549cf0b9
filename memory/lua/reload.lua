-- ARGV: a mark.
if redis.call('SADD', key('reloads'), ARGV[1]) == 1 then redis.call('HSET', key('rules'), 'reload', ARGV[1]) end
redis.call('EXPIRE', key('reloads'), seconds.reloads)
