-- ARGV: a kind of record, or of item, and ids. Returns the line of each, empty where there is none.
local all = {}
for i = 2, #ARGV do all[i - 1] = redis.call('HGET', key(ARGV[1], ARGV[i]), 'line') or '' end
return all
