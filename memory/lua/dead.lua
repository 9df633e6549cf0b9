-- ARGV: a person, "1" to erase what is theirs. Returns how many dead letters are.
local dead, left = key('dead'), key('dead') .. ':left'

local function is_theirs(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'sender' then return fields[i + 1] == ARGV[1] end
  end
end

-- A few at a time: they may be large.
local function each(visit)
  local from, entries = '-'
  repeat
    entries = redis.call('XRANGE', dead, from, '+', 'COUNT', 20)
    for _, entry in ipairs(entries) do
      visit(entry[1], entry[2])
      from = '(' .. entry[1]
    end
  until #entries < 20
end

local theirs = 0
each(function(_, fields)
  if is_theirs(fields) then theirs = theirs + 1 end
end)
if theirs > 0 and ARGV[2] == '1' then
  -- XDEL would only mark them: the text would stay, also in the files.
  each(function(id, fields)
    if not is_theirs(fields) then redis.call('XADD', left, id, unpack(fields)) end
  end)
  redis.call('DEL', dead)
  if redis.call('EXISTS', left) == 1 then redis.call('RENAME', left, dead) end
end
return theirs
