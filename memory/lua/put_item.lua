-- ARGV: number, the line that has to stand so far, the new line, the state, the wish to be forgotten by which
-- its words go (or empty), how many ask, each of them with when they asked, and those who no longer do.
-- Returns "put", "other" where the old line does not stand, or "gone" and who was forgotten since.
local number, old, line, state, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[6])
local stands = redis.call('HGET', key('item', number), 'line')
if stands == line then return {'put'} end
if stands ~= old then return {'other'} end
local gone = gone_of(7, count)
if #gone > 0 then return {'gone', unpack(gone)} end

write_item(number, line, state)
ask(number, 7, count)
for i = 7 + 2 * count, #ARGV do redis.call('SREM', key('asking', ARGV[i]), number) end
if ARGV[5] ~= '' then
  redis.call('DEL', key('opened', redis.call('HGET', key('item', number), 'opened')))
  redis.call('HSET', key('item', number), 'opened', '')
  leave(ARGV[5], number, 'stays')
end
keep_item(number)
return {'put'}
