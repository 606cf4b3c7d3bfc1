-- KEYS: the count of changes, the channels that were let go for this worker, those that others ask it for.
-- ARGV: how many of each at most.
return {
  redis.call('GET', KEYS[1]) or '0',
  redis.call('LPOP', KEYS[2], ARGV[1]) or {},
  redis.call('LPOP', KEYS[3], ARGV[1]) or {},
}
