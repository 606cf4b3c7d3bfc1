-- KEYS: the lease of a channel. ARGV: what it must be, for how many milliseconds more.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
