-- What a conversation remembers: turns and facts, as the lines that memory/lines.py writes.
--
-- Turns are counted from the first there ever was. The meta hash has, by this count:
--   gone    how many were dropped from the list's beginning
--   since   where the last new start is: the window never goes back behind it
--   told    how far the summary tells

local MOST_FACTS = 200
-- Turns are gone before the index that leads to them is, with room for a letter that waits long.
local LONGEST = seconds.conversations - 2 * seconds.history

local function date(line)
  return tonumber(string.match(line, '^%[%d+,([^,]+),'))
end

-- Whether a line goes on so behind its date.
local function has(line, fields)
  local comma = string.find(line, ',', 4, true)
  return comma and string.sub(line, comma + 1, comma + #fields) == fields
end

-- How many turns are gone, how far the summary tells, where the window begins, and how many there ever
-- were. The window grows to its full length, then loses two fifths at once: so the turns before a new
-- question, and with them the beginning of a prompt, are the same ones for several questions.
local function place(conversation, window)
  local meta = redis.call('HMGET', key('meta', conversation), 'gone', 'since', 'told')
  local gone, since = tonumber(meta[1] or 0), tonumber(meta[2] or 0)
  local count = gone + redis.call('LLEN', key('history', conversation))
  local step = math.max(1, math.floor(window * 2 / 5))
  local over = math.max(0, count - since - window)
  local start = math.max(gone, since + math.ceil(over / step) * step)
  return gone, math.max(gone, since, tonumber(meta[3] or 0)), start, count
end

-- Each field of the epoch hash is a number that changes once what it stands for was forgotten. A reader
-- gets it with the time at which it was read; after so long that nobody knows any more, it is over too.
local EVERYBODY = 'all'

local function person(sender)
  return 'of:' .. sender
end

local function epoch(conversation, whose)
  return (redis.call('HGET', key('epoch', conversation), whose) or '') .. '@' .. now()
end

local function is_over(conversation, whose, epoch)
  if epoch == '' then return false end
  local number, read_at = string.match(epoch, '^(%d*)@(%d+)$')
  local known = redis.call('HGET', key('epoch', conversation), whose) or ''
  return known ~= number or now() - read_at > seconds.epoch * 1000
end

local function begin_epoch(conversation, whose)
  local epochs = key('epoch', conversation)
  local before = tonumber(redis.call('HGET', epochs, whose) or 0)
  redis.call('HSET', epochs, whose, math.max(now(), before + 1))
  redis.call('EXPIRE', epochs, seconds.epoch)
end

-- They live as long as the history does, which a write by its people makes last anew.
local function keep(conversation)
  for _, name in ipairs({'history', 'meta', 'facts'}) do
    redis.call('EXPIRE', key(name, conversation), seconds.history)
  end
end

local function drop(conversation, count)
  if count <= 0 then return end
  redis.call('LTRIM', key('history', conversation), count, -1)
  redis.call('HINCRBY', key('meta', conversation), 'gone', count)
end

local function trim(conversation, excess, newest)
  local history = key('history', conversation)
  drop(conversation, excess)
  local oldest = date(redis.call('LINDEX', history, 0))
  while oldest and oldest < newest - LONGEST do
    drop(conversation, 1)
    oldest = date(redis.call('LINDEX', history, 0))
  end
end

-- By date. The same once more is the later one; `fields` are the sender and the text.
local function learn(conversation, fields, line)
  local facts, at = key('facts', conversation), date(line)
  local before
  for _, old in ipairs(redis.call('LRANGE', facts, 0, -1)) do
    local earlier = (date(old) or 0) <= at
    if not has(old, fields) then
      if earlier then before = old end
    elseif earlier then
      redis.call('LREM', facts, 1, old)
    else
      return
    end
  end
  if before then
    redis.call('LINSERT', facts, 'AFTER', before, line)
  else
    redis.call('LPUSH', facts, line)
  end
  redis.call('LTRIM', facts, -MOST_FACTS, -1)
end

-- ARGV from `first` on: sender, fields and line of each fact. Their senders are noted, but for one who is.
local function learn_all(conversation, first, noted)
  for i = first, #ARGV, 3 do
    learn(conversation, ARGV[i + 1], ARGV[i + 2])
    if ARGV[i] ~= noted then note(ARGV[i], conversation) end
  end
end

-- Facts of this sender, if `ending` is given only those of lines that end so.
local function unlearn(conversation, fields, ending)
  local facts, count = key('facts', conversation), 0
  for _, line in ipairs(redis.call('LRANGE', facts, 0, -1)) do
    if has(line, fields) and (not ending or string.sub(line, -#ending) == ending) then
      count = count + redis.call('LREM', facts, 1, line)
    end
  end
  return count
end

-- ARGV from `first` on: window, most turns, epoch, sender, sender as a field, message id as the last field,
-- the two as fields, line, and what learn_all reads.
-- The same message again (its answer was corrected, or the write was tried twice) takes its own place.
local function remember(conversation, first)
  local window, most, epoch, sender, own, ending, fields, line = unpack(ARGV, first, first + 7)
  if is_over(conversation, person(sender), epoch) then return end
  local history, gone, _, start = key('history', conversation), place(conversation, tonumber(window))
  local found = false
  for i, old in ipairs(redis.call('LRANGE', history, start - gone, -1)) do
    if has(old, fields) then
      redis.call('LSET', history, start - gone + i - 1, line)
      unlearn(conversation, own, ending)
      found = true
    end
  end
  if not found then
    local length = redis.call('RPUSH', history, line)
    trim(conversation, length - tonumber(most), date(line))
  end
  note(sender, conversation)
  learn_all(conversation, first + 8, sender)
  keep(conversation)
end
