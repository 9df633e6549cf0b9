-- ARGV: what opens it (empty: nothing that comes again), its line, its state, how many ask, each of them with
-- when they asked.
-- Returns "known" or "opened" with the number, or "gone" and who was forgotten since.
local opening, line, state, count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local known = opening ~= '' and redis.call('GET', key('opened', opening))
if known then return {'known', known} end
local gone = gone_of(5, count)
if #gone > 0 then return {'gone', unpack(gone)} end

local number = tostring(redis.call('INCR', key('number')))
redis.call('HSET', key('item', number), 'opened', opening)
if opening ~= '' then redis.call('SET', key('opened', opening), number) end
write_item(number, line, state)
ask(number, 5, count)
keep_item(number)
return {'opened', number}
