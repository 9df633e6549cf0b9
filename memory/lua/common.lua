-- Every script gets the partition's prefix as KEYS[1], "puyu:{5}"; the names are those of memory/keys.py.
--
-- A conversation is in one of three states, which its work hash keeps under "state":
--   (none)  idle: nothing waits in its mailbox
--   ready   it stands once in its chat's queue, and the chat once among the ready ones of its platform
--   held    it stands in leases until its worker lets it go, its worker dies, or its pause is over

local function key(name, owner)
  return owner and KEYS[1] .. ':' .. name .. ':' .. owner or KEYS[1] .. ':' .. name
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- So that what is kept of a person is found, it is noted in the same step.
local function note(person, conversation)
  if person == '' then return end
  redis.call('SADD', key('conversations', person), conversation)
  redis.call('EXPIRE', key('conversations', person), seconds.conversations)
end

local function make_ready(conversation, first)
  local work = key('work', conversation)
  local chat = string.match(conversation, '^[^:]*:[^:]*') or conversation
  local platform = string.match(conversation, '^[^:]*')
  local push = first and 'LPUSH' or 'RPUSH'
  redis.call('HSET', work, 'state', 'ready')
  redis.call('PERSIST', work)
  if redis.call(push, key('queue', chat), conversation) == 1 then
    redis.call(push, key('ready', platform), chat)
  end
  redis.call('PUBLISH', 'puyu:wake', string.match(KEYS[1], '%d+'))
end

-- Into the mailbox, after all that were sent before it.
local function insert(conversation, id, at)
  local mailbox = key('mailbox', conversation)
  local ids = redis.call('LRANGE', mailbox, 0, -1)
  for i = #ids, 1, -1 do
    if tonumber(redis.call('HGET', key('message', ids[i]), 'at') or 0) <= at then
      redis.call('LINSERT', mailbox, 'AFTER', ids[i], id)
      return
    end
  end
  redis.call('LPUSH', mailbox, id)
end

local function letters(conversation)
  local all = {}
  for _, id in ipairs(redis.call('LRANGE', key('mailbox', conversation), 0, -1)) do
    local letter = redis.call('HMGET', key('message', id), 'body', 'at', 'sent')
    all[#all + 1] = {id, letter[1] or '', letter[2] or '0', letter[3] or ''}
  end
  return all
end

local function job(conversation)
  local work = redis.call(
    'HMGET', key('work', conversation), 'fence', 'changes', 'answer', 'memo', 'failures', 'blame'
  )
  return {
    conversation, tonumber(work[1]), tonumber(work[2] or 0), work[3] or '', work[4] or '',
    tonumber(work[5] or 0), work[6] or '0', letters(conversation)
  }
end

-- How a worker's hold on the conversation stands: LOST, CHANGED since it looked, or GOOD.
local LOST, CHANGED, GOOD = -1, 0, 1

local function hold(conversation, fence, changes)
  local work = redis.call('HMGET', key('work', conversation), 'fence', 'changes')
  if work[1] ~= fence then return LOST end
  if changes and (work[2] or '0') ~= changes then return CHANGED end
  return GOOD
end

local function take_out(conversation, id)
  local removed = redis.call('LREM', key('mailbox', conversation), 1, id)
  if removed > 0 then redis.call('DECRBY', key('waiting'), removed) end
  redis.call('HDEL', key('message', id), 'body', 'at', 'sender')
end

-- As if it had never been sent; its copy that comes in later is refused as seen.
local function withdraw(id)
  local message = key('message', id)
  local known = redis.call('HMGET', message, 'conversation', 'body')
  redis.call('HSET', message, 'withdrawn', 1)
  redis.call('EXPIRE', message, seconds.message)
  if not known[2] then return end
  local work = key('work', known[1])
  if redis.call('LINDEX', key('mailbox', known[1]), 0) == id then
    redis.call('HDEL', work, 'answer', 'failures', 'blame')
  end
  take_out(known[1], id)
  redis.call('HINCRBY', work, 'changes', 1)
end

-- The worker lets go of what it had in hand. READY, where more waits.
local READY = 2

local function let_go(conversation)
  local work = key('work', conversation)
  redis.call('ZREM', key('leases'), conversation)
  redis.call('HDEL', work, 'fence', 'held', 'answer', 'failures', 'blame', 'state')
  if redis.call('LLEN', key('mailbox', conversation)) > 0 then
    make_ready(conversation, false)
    return READY
  end
  redis.call('EXPIRE', work, 3600)
  return GOOD
end
