-- ARGV: conversation, the window in turns, most turns.
-- Returns the summary, the turns that it does not tell of, where they begin, and the epoch.
local conversation = ARGV[1]
local gone, told, start = place(conversation, tonumber(ARGV[2]))
local stop = math.min(start, told + ARGV[3])
return {
  redis.call('HGET', key('meta', conversation), 'summary') or '',
  stop > told and redis.call('LRANGE', key('history', conversation), told - gone, stop - gone - 1) or {},
  told,
  epoch(conversation, EVERYBODY)
}
