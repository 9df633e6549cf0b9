-- ARGV: conversation, the window in turns, a person, the person as a field.
-- Returns the turns in the window, the summary, the person's newest facts with the newest first, how many
-- turns before the window the summary does not tell of, and the epoch.
local conversation = ARGV[1]
local gone, told, start = place(conversation, tonumber(ARGV[2]))
local facts, lines = {}, redis.call('LRANGE', key('facts', conversation), 0, -1)
for i = #lines, 1, -1 do
  if #facts == MOST_OF_ONE then break end
  if has(lines[i], ARGV[4]) then facts[#facts + 1] = lines[i] end
end
return {
  redis.call('LRANGE', key('history', conversation), start - gone, -1),
  redis.call('HGET', key('meta', conversation), 'summary') or '',
  facts,
  math.max(0, start - told),
  epoch(conversation, person(ARGV[3]))
}
