-- ARGV: conversation, sender and message id as fields.
take_back(ARGV[1], ARGV[2], redis.call('LLEN', key('history', ARGV[1])))
