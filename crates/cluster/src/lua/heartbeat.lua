-- KEYS: when each worker was seen, their cards, how many channels they hold, the count of changes.
-- ARGV: worker, its card, how many it holds, after how many milliseconds one is taken for dead, the count that the caller knows.
-- Answers the count, and the workers when it is another than the caller knows.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ttl = tonumber(ARGV[4])
local changed = false
-- Those from the future were seen before the clock was set back.
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ttl)
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now + ttl), '+inf')) do
  gone[#gone + 1] = worker
end
for _, worker in ipairs(gone) do
  redis.call('ZREM', KEYS[1], worker)
  redis.call('HDEL', KEYS[2], worker)
  redis.call('HDEL', KEYS[3], worker)
  changed = true
end
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  changed = true
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
if changed then
  redis.call('INCR', KEYS[4])
end
local news = redis.call('GET', KEYS[4]) or '0'
if news == ARGV[5] then
  return { news, {} }
end
local workers = {}
for _, worker in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  workers[#workers + 1] = {
    worker,
    redis.call('ZSCORE', KEYS[1], worker),
    redis.call('HGET', KEYS[3], worker) or '0',
    redis.call('HGET', KEYS[2], worker) or '{}',
  }
end
return { news, workers }
