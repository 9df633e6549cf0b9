-- ARGV: conversation, fence, reason, how many dead ones are kept, ids of the letters.
local conversation = ARGV[1]
if hold(conversation, ARGV[2]) == LOST then return LOST end
for i = 5, #ARGV do
  local letter = redis.call('HMGET', key('message', ARGV[i]), 'body', 'sender', 'withdrawn')
  if not letter[3] then
    redis.call(
      'XADD', key('dead'), 'MAXLEN', '~', ARGV[4], '*', 'conversation', conversation, 'id', ARGV[i],
      'body', letter[1] or '', 'reason', ARGV[3], 'sender', letter[2] or ''
    )
  end
  take_out(conversation, ARGV[i])
end
return let_go(conversation)
