-- ARGV: conversation, fence.
if hold(ARGV[1], ARGV[2]) == LOST then return LOST end
return job(ARGV[1])
