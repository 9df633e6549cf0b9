-- ARGV: a kind of record, the kind of its sets, the set's owner, ids. Those that are gone are taken out.
local set = key(ARGV[2], ARGV[3])
for i = 4, #ARGV do
  if redis.call('EXISTS', key(ARGV[1], ARGV[i])) == 0 then redis.call('ZREM', set, ARGV[i]) end
end
