-- ARGV: a person, Unix seconds up to which nothing of theirs is kept.
-- Returns how many entries and remarks are erased, and the numbers of their items at the desk.
local person, at = ARGV[1], tonumber(ARGV[2])
if not is_forgotten(person, at) then redis.call('SET', key('forgotten', person), ARGV[2]) end
expire('forgotten', person)

local function erase_all(one, many)
  local set, count = key(many, 'by:' .. person), 0
  for _, id in ipairs(redis.call('ZRANGE', set, 0, -1)) do count = count + erase(one, many, id) end
  redis.call('DEL', set)
  return count
end

local places = key('answered', 'by:' .. person)
for _, place in ipairs(redis.call('SMEMBERS', places)) do
  redis.call('ZREM', key('answered', 'in:' .. place), person)
end
redis.call('DEL', places)
redis.call('ZREM', key('voters'), person)
return {
  erase_all('entry', 'entries'), erase_all('remark', 'remarks'), redis.call('SMEMBERS', key('asking', person))
}
