-- KEYS: the lease of a channel. ARGV: what it must be.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
