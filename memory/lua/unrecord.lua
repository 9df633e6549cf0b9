-- ARGV: the kind of the records, of their sets, ids. Returns how many are erased.
local count = 0
for i = 3, #ARGV do count = count + erase(ARGV[1], ARGV[2], ARGV[i]) end
return count
