-- ARGV: conversation, the window in turns.
return redis.call('LRANGE', key('history', ARGV[1]), -ARGV[2], -1)
