-- ARGV: number, the line that has to stand, the wish to be forgotten, its card, those who ask.
-- Returns 1 where the item is erased.
local number = ARGV[1]
local item = redis.call('HMGET', key('item', number), 'line', 'state', 'opened')
if item[1] ~= ARGV[2] then return 0 end
for _, id in ipairs(redis.call('SMEMBERS', key('cards', number))) do redis.call('DEL', key('shown', id)) end
redis.call('SREM', key('items', item[2]), number)
redis.call('DEL', key('item', number), key('cards', number), key('opened', item[3]))
for i = 5, #ARGV do redis.call('SREM', key('asking', ARGV[i]), number) end
leave(ARGV[3], number, 'card:' .. ARGV[4])
return 1
