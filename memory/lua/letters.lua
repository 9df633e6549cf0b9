-- ARGV: conversation.
return letters(ARGV[1])
