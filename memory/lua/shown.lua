-- ARGV: number of an item, ids of messages that it is shown in.
local number = ARGV[1]
if redis.call('EXISTS', key('item', number)) == 0 then return end
for i = 2, #ARGV do
  redis.call('SET', key('shown', ARGV[i]), number, 'EX', seconds.shown)
  redis.call('SADD', key('cards', number), ARGV[i])
end
redis.call('EXPIRE', key('cards', number), seconds.cards)
