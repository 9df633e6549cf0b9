-- ARGV: conversation, what is to be remembered.
remember(ARGV[1], 2)
