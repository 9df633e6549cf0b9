-- ARGV: conversation.
local conversation, meta = ARGV[1], key('meta', ARGV[1])
local _, _, _, count = place(conversation, 1)
redis.call('HDEL', meta, 'summary', 'told')
if count > 0 then redis.call('HSET', meta, 'since', count) end
keep(conversation)
