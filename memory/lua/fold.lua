-- ARGV: conversation, epoch, how far the summary told, how far it tells now, the summary, what learn_all
-- reads. Returns 1 where it still told so far and nothing was forgotten, else 0.
local conversation = ARGV[1]
local left = redis.call('PTTL', key('history', conversation))
local _, told = place(conversation, 1)
if left < 0 or told ~= tonumber(ARGV[3]) or is_over(conversation, EVERYBODY, ARGV[2]) then return 0 end
redis.call('HSET', key('meta', conversation), 'told', ARGV[4], 'summary', ARGV[5])
learn_all(conversation, 6)
-- Nobody wrote in it: it lives no longer for this.
redis.call('PEXPIRE', key('meta', conversation), left)
redis.call('PEXPIRE', key('facts', conversation), left)
return 1
