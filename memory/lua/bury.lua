-- ARGV: conversation, fence, reason, how many dead ones are kept, ids of the letters.
local conversation = ARGV[1]
if hold(conversation, ARGV[2]) == LOST then return LOST end
for i = 5, #ARGV do
  local body = redis.call('HGET', key('message', ARGV[i]), 'body')
  redis.call(
    'XADD', key('dead'), 'MAXLEN', '~', ARGV[4], '*',
    'conversation', conversation, 'id', ARGV[i], 'body', body or '', 'reason', ARGV[3]
  )
  take_out(conversation, ARGV[i])
end
return let_go(conversation)
