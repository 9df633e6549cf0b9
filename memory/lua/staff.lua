-- What is kept for the staff lies by the course: KEYS[1] is "puyu:{course}".
--
-- A record (an entry of the journal, a remark) is a hash by its id, with line, person and place. The id
-- stands by Unix seconds in the sorted set of its place and in that of its person; `one` and `many` are the
-- kinds of key of the record and of these sets.
--
-- An item at the desk is a hash by its number, with line, state and what opened it.

local function key(name, owner)
  return owner and KEYS[1] .. ':' .. name .. ':' .. owner or KEYS[1] .. ':' .. name
end

local function is_forgotten(person, at)
  local since = redis.call('GET', key('forgotten', person))
  return since and at <= tonumber(since)
end

local function erase(one, many, id)
  local whose = redis.call('HMGET', key(one, id), 'person', 'place')
  if not whose[1] then return 0 end
  redis.call('ZREM', key(many, 'by:' .. whose[1]), id)
  redis.call('ZREM', key(many, 'in:' .. whose[2]), id)
  return redis.call('DEL', key(one, id))
end

-- Those that are gone are the oldest: each id that comes in has two of them looked at.
local function enlist(one, many, owner, id, at)
  local set = key(many, owner)
  redis.call('ZADD', set, at, id)
  redis.call('EXPIRE', set, seconds[many])
  for _, oldest in ipairs(redis.call('ZRANGE', set, 0, 1)) do
    if redis.call('EXISTS', key(one, oldest)) == 0 then redis.call('ZREM', set, oldest) end
  end
end

local function expire(name, owner)
  redis.call('EXPIRE', key(name, owner), seconds[name])
end

-- All that leads to an item lives as long as it does.
local function keep_item(number)
  local item = redis.call('HMGET', key('item', number), 'state', 'opened')
  expire('item', number)
  expire('items', item[1])
  expire('opened', item[2])
  expire('cards', number)
  for _, id in ipairs(redis.call('SMEMBERS', key('cards', number))) do expire('shown', id) end
end

local function write_item(number, line, state)
  local before = redis.call('HGET', key('item', number), 'state')
  if before then redis.call('SREM', key('items', before), number) end
  redis.call('HSET', key('item', number), 'line', line, 'state', state)
  redis.call('SADD', key('items', state), number)
end

-- ARGV has `count` people from `first` on, each with when they asked; those of them who were forgotten since.
local function gone_of(first, count)
  local gone = {}
  for i = first, first + 2 * (count - 1), 2 do
    if is_forgotten(ARGV[i], tonumber(ARGV[i + 1])) then gone[#gone + 1] = ARGV[i] end
  end
  return gone
end

local function ask(number, first, count)
  for i = first, first + 2 * (count - 1), 2 do
    redis.call('SADD', key('asking', ARGV[i]), number)
    expire('asking', ARGV[i])
  end
end

-- Told again where the wish is repeated after a crash.
local function leave(wish, number, how)
  redis.call('HSET', key('left', wish), number, how)
  expire('left', wish)
end
