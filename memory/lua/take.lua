-- ARGV: ms of a lease, how many conversations the worker has in hand, how many it takes at most,
-- number of platforms, the platforms, the chats to pass over.
local lease, held, at_most, platforms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = now()
local passing = {}
for i = 5 + platforms, #ARGV do passing[ARGV[i]] = true end

-- What a dead worker had in hand, and what was put back for a while.
for _, conversation in ipairs(
  redis.call('ZRANGEBYSCORE', key('leases'), '-inf', time, 'LIMIT', 0, 100)
) do
  local work = key('work', conversation)
  local shared = redis.call('HGET', work, 'held')
  if shared then redis.call('HINCRBYFLOAT', work, 'blame', 1 / shared) end
  redis.call('HDEL', work, 'fence', 'held')
  redis.call('ZREM', key('leases'), conversation)
  make_ready(conversation, true)
end

local jobs = {}

-- Beyond all that a master has given which is lost with its last writes.
local function next_fence()
  local fence = math.max(time, tonumber(redis.call('GET', key('fence')) or 0) + 1)
  redis.call('SET', key('fence'), fence)
  return fence
end

local function hold_next(chat)
  local conversation = redis.call('LPOP', key('queue', chat))
  if not conversation then return end
  local work = key('work', conversation)
  if redis.call('LLEN', key('mailbox', conversation)) == 0 then
    redis.call('HDEL', work, 'state', 'answer', 'failures', 'blame')
    redis.call('EXPIRE', work, 3600)
    return hold_next(chat)
  end
  redis.call(
    'HSET', work, 'state', 'held', 'fence', next_fence(), 'held', held + #jobs + 1
  )
  redis.call('ZADD', key('leases'), time + lease, conversation)
  jobs[#jobs + 1] = job(conversation)
end

-- One conversation of each chat in turn, until the worker has enough or none is left.
local function round(ready)
  local before = #jobs
  for _ = 1, redis.call('LLEN', ready) do
    if #jobs >= at_most then return false end
    local chat = redis.call('LPOP', ready)
    if passing[chat] then
      redis.call('RPUSH', ready, chat)
    else
      hold_next(chat)
      if redis.call('LLEN', key('queue', chat)) > 0 then redis.call('RPUSH', ready, chat) end
    end
  end
  return #jobs > before
end

for i = 5, 4 + platforms do
  while round(key('ready', ARGV[i])) do end
end
for _, job in ipairs(jobs) do redis.call('HSET', key('work', job[1]), 'held', held + #jobs) end
return jobs
