-- KEYS: a list of channels for a worker. ARGV: the channel, for how many milliseconds it may lie there.
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
