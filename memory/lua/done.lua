-- ARGV: conversation, fence, changes, what the reply to the first letter is shown under, memo, ids of the
-- letters.
local conversation, first = ARGV[1], ARGV[6]
local held = hold(conversation, ARGV[2], ARGV[3])
if held ~= GOOD then return held end
local asker = first and redis.call('HGET', key('message', first), 'sender') or ''
redis.call('HSET', key('work', conversation), 'memo', ARGV[5], 'asker', asker)
if first and ARGV[4] ~= '' then redis.call('HSET', key('message', first), 'sent', ARGV[4]) end
for i = 6, #ARGV do
  take_out(conversation, ARGV[i])
  redis.call('EXPIRE', key('message', ARGV[i]), seconds.message)
end
return let_go(conversation)
