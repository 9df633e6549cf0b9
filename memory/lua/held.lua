-- ARGV: conversation, a person, the person as a field, id of a letter that does not count.
-- Returns their turns, their facts, the summary, and how many letters of theirs wait.
local conversation, waiting = ARGV[1], 0

local function own(name)
  local lines = {}
  for _, line in ipairs(redis.call('LRANGE', key(name, conversation), 0, -1)) do
    if has(line, ARGV[3]) then lines[#lines + 1] = line end
  end
  return lines
end

for _, id in ipairs(redis.call('LRANGE', key('mailbox', conversation), 0, -1)) do
  local sender = redis.call('HGET', key('message', id), 'sender')
  if id ~= ARGV[4] and sender == ARGV[2] then waiting = waiting + 1 end
end
return {
  own('history'), own('facts'), redis.call('HGET', key('meta', conversation), 'summary') or '', waiting
}
