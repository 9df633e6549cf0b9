-- ARGV: conversation, a person, the person as a field, id of a letter that stays with those sent after it,
-- Unix ms at which it was sent.
-- Returns how many turns, facts, summaries and letters of theirs are erased, and 1 where a memo was.
local conversation, sender, own, spared, spared_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local history, meta, work = key('history', conversation), key('meta', conversation), key('work', conversation)
begin_epoch(conversation, EVERYBODY)
begin_epoch(conversation, person(sender))
redis.call('SREM', key('conversations', sender), conversation)

-- Of turns without a sender, which an earlier version wrote, each may be theirs.
local function is_others(line)
  return string.sub(line, 1, 3) == '[2,' and not has(line, own) and not has(line, '"",')
end

local function forget_turns()
  local gone = place(conversation, 1)
  local since = tonumber(redis.call('HGET', meta, 'since') or 0)
  local lines, others, before = redis.call('LRANGE', history, 0, -1), {}, gone
  for i, line in ipairs(lines) do
    if is_others(line) then
      others[#others + 1] = line
      if i <= since - gone then before = before + 1 end
    end
  end
  if #others < #lines then
    local left = redis.call('PTTL', history)
    redis.call('DEL', history)
    for i = 1, #others, 1000 do
      redis.call('RPUSH', history, unpack(others, i, math.min(i + 999, #others)))
    end
    redis.call('PEXPIRE', history, left)
    redis.call('HSET', meta, 'since', before)
    redis.call('PEXPIRE', meta, left)
  end
  if #others == 0 then redis.call('DEL', meta) end
  return #lines - #others
end

local function forget_letters()
  local ids, count = redis.call('LRANGE', key('mailbox', conversation), 0, -1), 0
  local place = redis.call('LPOS', key('mailbox', conversation), spared)
  for i, id in ipairs(ids) do
    local letter = redis.call('HMGET', key('message', id), 'sender', 'at')
    local later = spared_at and tonumber(letter[2] or 0) >= spared_at
    if place then later = i > place end
    if id ~= spared and letter[1] == sender then
      if later then
        note(sender, conversation)
      else
        withdraw(id)
        count = count + 1
      end
    end
  end
  -- An answer is kept for letters that wait, and it may be for these.
  if count > 0 then redis.call('HDEL', work, 'answer') end
  return count
end

local function forget_memo()
  local asker = redis.call('HGET', work, 'asker') or ''
  if asker ~= '' and asker ~= sender then return 0 end
  local memo = redis.call('HGET', work, 'memo') or ''
  redis.call('HDEL', work, 'memo', 'asker')
  return memo ~= '' and 1 or 0
end

-- What the bot posted there by itself is theirs where the conversation is.
local chat = string.match(conversation, '^([^:]*:[^:]*):[^:]*:.')
if chat then redis.call('DEL', key('posts', chat)) end

-- It may tell of them, and is written anew from what is left.
local summaries = redis.call('HDEL', meta, 'summary')
redis.call('HDEL', meta, 'told')
return {forget_turns(), unlearn(conversation, own), summaries, forget_letters(), forget_memo()}
