-- ARGV: conversation, fence, changes, what the reply to the first letter is shown under, memo, seconds
-- that a message is known, ids of the letters.
local conversation = ARGV[1]
local held = hold(conversation, ARGV[2], ARGV[3])
if held ~= GOOD then return held end
for i = 7, #ARGV do
  take_out(conversation, ARGV[i])
  if i == 7 and ARGV[4] ~= '' then redis.call('HSET', key('message', ARGV[i]), 'sent', ARGV[4]) end
  redis.call('EXPIRE', key('message', ARGV[i]), ARGV[6])
end
redis.call('HSET', key('work', conversation), 'memo', ARGV[5])
return let_go(conversation)
