-- ARGV: conversation, how the line begins, the line, the window in turns, the expiry in seconds.
remember(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5])
