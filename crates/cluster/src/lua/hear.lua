-- KEYS: the count of changes, the channels that were let go for this worker. ARGV: how many of them at most.
return { redis.call('GET', KEYS[1]) or '0', redis.call('LPOP', KEYS[2], ARGV[1]) or {} }
