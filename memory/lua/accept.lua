-- ARGV: conversation, id, id of this delivery ("once"), body, Unix ms, "1" for an edit,
-- most letters of a conversation, most of the partition, sender.
local conversation, id, once, body, at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local edited, sender, expiry = ARGV[6] == '1', ARGV[9], seconds.message
local message = key('message', id)

local function see(seconds)
  redis.call('HSETNX', key('message', once), 'conversation', conversation)
  redis.call('EXPIRE', key('message', once), seconds)
end

if redis.call('EXISTS', key('message', once)) == 1 then return 'seen' end

if edited then
  local known = redis.call('HMGET', message, 'conversation', 'body', 'withdrawn', 'edited')
  -- An edit that was refused for a while may come again after a later one.
  if known[3] or at < tonumber(known[4] or at) then return 'seen' end
  redis.call('HSET', message, 'edited', at)
  redis.call('EXPIRE', message, expiry)
  conversation = known[1] or conversation
  if known[2] then
    see(expiry)
    redis.call('HSET', message, 'body', body)
    redis.call('HINCRBY', key('work', conversation), 'changes', 1)
    return 'edited'
  end
end

if redis.call('LLEN', key('mailbox', conversation)) >= tonumber(ARGV[7]) or tonumber(redis.call('GET', key('waiting')) or 0) >= tonumber(ARGV[8]) then
  -- Its copies that come at once are not told again; one that comes later may find room.
  see(60)
  return redis.call('SET', key('told', conversation), 1, 'NX', 'EX', 60) and 'busy' or 'busy_told'
end

see(expiry)
redis.call('HSET', message, 'conversation', conversation, 'body', body, 'at', at, 'sender', sender)
redis.call('EXPIRE', message, expiry)
redis.call('INCR', key('waiting'))
insert(conversation, id, at)
note(sender, conversation)
redis.call('HINCRBY', key('work', conversation), 'changes', 1)
if not redis.call('HGET', key('work', conversation), 'state') then make_ready(conversation, false) end
return 'accepted'
