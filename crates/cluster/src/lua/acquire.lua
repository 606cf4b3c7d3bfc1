-- KEYS: the lease of a channel, its fence. ARGV: worker, for how many milliseconds.
-- Answers 1 and the fence; or 0, how long the lease still lives, and whose it is.
local held = redis.call('GET', KEYS[1])
if held then
  local by = string.match(held, '^%d+ (.+)$')
  -- One that names us and that we do not know of was granted in an answer that got lost.
  if by ~= ARGV[1] then
    return { 0, redis.call('PTTL', KEYS[1]), by or '' }
  end
end
local fence = redis.call('INCR', KEYS[2])
-- Never behind the clock: a failover or a restored backup may lose the last increments, and a fence must not come twice.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if fence < now then
  fence = now
  redis.call('SET', KEYS[2], string.format('%.0f', fence))
end
redis.call('SET', KEYS[1], string.format('%.0f %s', fence, ARGV[1]), 'PX', ARGV[2])
return { 1, fence, ARGV[1] }
