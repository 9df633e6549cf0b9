-- ARGV: the kind of the record, of its sets, its id, place, person, Unix seconds, line, how many of the place
-- stay (0: all), the line that has to stand so far ("": none, "*": any).
-- Returns "kept" where the new line stands, "changed" where the old one did not with the line that does, and
-- "forgotten" where the person was since.
local one, many, id, place, person, at, line = unpack(ARGV, 1, 7)
local record, most, expected = key(one, id), tonumber(ARGV[8]), ARGV[9]
local stands = redis.call('HGET', record, 'line') or ''
if stands == line then return {'kept', line} end
if expected ~= '*' and stands ~= expected then return {'changed', stands} end
if is_forgotten(person, tonumber(at)) then return {'forgotten', ''} end

local left = redis.call('PTTL', record)
erase(one, many, id)
redis.call('HSET', record, 'line', line, 'person', person, 'place', place)
redis.call('PEXPIRE', record, left > 0 and left or seconds[one] * 1000)
enlist(one, many, 'by:' .. person, id, at)
enlist(one, many, 'in:' .. place, id, at)
if most > 0 then
  for _, old in ipairs(redis.call('ZRANGE', key(many, 'in:' .. place), 0, -most - 1)) do
    erase(one, many, old)
  end
end
return {'kept', line}
