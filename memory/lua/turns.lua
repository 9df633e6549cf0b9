-- What a conversation remembers: turns and facts, as the lines that memory/lines.py writes.
--
-- Turns are counted from the first there ever was. The meta hash has, by this count:
--   gone    how many were dropped from the list's beginning
--   since   where the last new start is: the window never goes back behind it
--   told    how far the summary tells

-- Facts that stay: of one person, and of all.
local MOST_OF_ONE, MOST_FACTS = 50, 1000
-- What is kept is gone before the index that leads to them is, with room for a letter that waits long.
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

-- How many lines at the beginning are older; one without a date goes with the next.
local function outdated(list, limit)
  local count, index = 0, 0
  while true do
    local line = redis.call('LINDEX', list, index)
    local at = line and date(line)
    if not line or at and at >= limit then return count end
    index = index + 1
    if at then count = index end
  end
end

local function trim(conversation, most, newest)
  local history, facts = key('history', conversation), key('facts', conversation)
  drop(conversation, redis.call('LLEN', history) - most)
  drop(conversation, outdated(history, newest - LONGEST))
  redis.call('LTRIM', facts, outdated(facts, newest - LONGEST), -1)
end

-- By date. The same once more is the later one; `fields` are the sender and the text.
local function learn(conversation, fields, line)
  local facts, at = key('facts', conversation), date(line)
  local lines, before = redis.call('LRANGE', facts, 0, -1)
  for i = #lines, 1, -1 do
    local old, same = lines[i], has(lines[i], fields)
    local earlier = before or (date(old) or 0) <= at
    if same and not earlier then return end
    if same then
      redis.call('LREM', facts, 1, old)
    elseif earlier then
      before = before or old
    end
  end
  if before then
    redis.call('LINSERT', facts, 'AFTER', before, line)
  else
    redis.call('LPUSH', facts, line)
  end
end

-- Whoever tells much crowds out nobody else.
local function thin_out(conversation, own)
  local facts, count = key('facts', conversation), 0
  local lines = redis.call('LRANGE', facts, 0, -1)
  for i = #lines, 1, -1 do
    if has(lines[i], own) then
      count = count + 1
      if count > MOST_OF_ONE then redis.call('LREM', facts, 1, lines[i]) end
    end
  end
  redis.call('LTRIM', facts, -MOST_FACTS, -1)
end

-- ARGV from `first` on, of each fact: sender, sender as a field, this and the text as fields, line. Their
-- senders are noted, but for one who is.
local function learn_all(conversation, first, noted)
  local senders = {}
  for i = first, #ARGV, 4 do
    learn(conversation, ARGV[i + 2], ARGV[i + 3])
    senders[ARGV[i]] = ARGV[i + 1]
  end
  for sender, own in pairs(senders) do
    thin_out(conversation, own)
    if sender ~= noted then note(sender, conversation) end
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

-- Takes a message's turn out of the first `count`; those before the window are counted anew.
local function take_back(conversation, fields, count)
  local history, meta = key('history', conversation), key('meta', conversation)
  for i, line in ipairs(count > 0 and redis.call('LRANGE', history, 0, count - 1) or {}) do
    if has(line, fields) then
      redis.call('LREM', history, 1, line)
      local place = tonumber(redis.call('HGET', meta, 'gone') or 0) + i
      for _, name in ipairs({'since', 'told'}) do
        if tonumber(redis.call('HGET', meta, name) or 0) >= place then redis.call('HINCRBY', meta, name, -1) end
      end
      -- A summary that is being made may count it, and tell of it.
      begin_epoch(conversation, EVERYBODY)
      return
    end
  end
end

-- ARGV from `first` on: window, most turns, epoch, sender, sender as a field, message id, this as the last
-- field, sender and message id as fields, line, and what learn_all reads.
-- The same message again (its answer was corrected, or the write was tried twice) takes its own place. One
-- that was edited after it had left the window is told anew.
local function remember(conversation, first)
  local window, most, epoch, sender, own, id, ending, fields, line = unpack(ARGV, first, first + 8)
  if is_over(conversation, person(sender), epoch) then return end
  local history, gone, _, start = key('history', conversation), place(conversation, tonumber(window))
  local found = false
  for i, old in ipairs(redis.call('LRANGE', history, start - gone, -1)) do
    if has(old, fields) then
      redis.call('LSET', history, start - gone + i - 1, line)
      found = true
    end
  end
  if not found then
    if redis.call('HEXISTS', key('message', id), 'edited') == 1 then
      take_back(conversation, fields, start - gone)
    end
    redis.call('RPUSH', history, line)
  end
  note(sender, conversation)
  unlearn(conversation, own, ending)
  learn_all(conversation, first + 9, sender)
  trim(conversation, tonumber(most), date(line))
  keep(conversation)
end
