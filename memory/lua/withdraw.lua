-- ARGV: id.
withdraw(ARGV[1])
