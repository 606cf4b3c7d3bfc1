//! What runs within Redis. Everything that changes something is one script, so that it happens wholly or not at all, and every
//! script looks first whether its caller still holds the channel.
//!
//! The head of an auth-state is the hash `auth`: `form` (its version), `check` (something sealed, to try the key on), `turn` (how
//! many sockets have begun; a late write of an earlier one is refused), `device` (sealed) and `shredding` (when it is decided).

use keyspace::Script;

pub(super) struct Scripts {
    pub begin: Script,
    pub write: Script,
    pub doom: Script,
    pub clear: Script,
    pub borrow: Script,
    pub give_back: Script,
    pub dump: Script,
}

impl Scripts {
    pub fn new() -> Self {
        Scripts {
            // A turn that nobody uses does no harm.
            begin: Script::repeatable(BEGIN),
            // A batch that ran is told as one that failed when its answer is lost: the socket ends, and the next reads what is there.
            write: Script::new(WRITE),
            doom: Script::repeatable(DOOM),
            clear: Script::repeatable(CLEAR),
            borrow: Script::new(BORROW),
            give_back: Script::repeatable(GIVE_BACK),
            dump: Script::repeatable(DUMP),
        }
    }
}

/// KEYS: fence, auth, some of the records. ARGV: the fence, the form that is known, a check that is set where none is (may be
/// empty). Answers `{what, turn, check, form}`. Records without a head are what is left of something, not a beginning.
const BEGIN: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another worker holds the channel') end
local head = redis.call('HMGET', KEYS[2], 'shredding', 'check', 'form', 'device')
if head[1] then return {'shredding'} end
if not head[2] then
  if head[4] or redis.call('EXISTS', unpack(KEYS, 3)) > 0 then return {'damaged'} end
  if ARGV[3] == '' then return {'nothing'} end
  redis.call('HSET', KEYS[2], 'check', ARGV[3], 'form', ARGV[2])
  head[2], head[3] = ARGV[3], ARGV[2]
end
if head[3] ~= ARGV[2] then return {'form', 0, '', head[3] or ''} end
return {'open', redis.call('HINCRBY', KEYS[2], 'turn', 1), head[2], head[3]}
";

/// KEYS: fence, auth, and whatever else is written to. ARGV: the fence, the turn, the commands that are used, and the steps: a
/// letter, the keys' places in KEYS, arguments. Answers what those steps say that have something to say.
///
/// The commands are tried against what the user may do before the first of them, because a script is not taken back.
const WRITE: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another worker holds the channel') end
if redis.call('HGET', KEYS[2], 'turn') ~= ARGV[2] then return redis.error_reply('FENCED another socket has begun') end
if redis.acl_check_cmd then
  local shapes = { HGET = {'f'}, HKEYS = {}, HSET = {'f', 'v'}, HSETNX = {'f', 'v'}, HDEL = {'f'}, HINCRBY = {'f', '1'}, DEL = {},
    ZADD = {'1', 'm'}, ZREM = {'m'}, ZRANGEBYSCORE = {'0', '1'}, ZREMRANGEBYSCORE = {'0', '1'} }
  for command in string.gmatch(ARGV[3], '%a+') do
    if not redis.acl_check_cmd(command, KEYS[2], unpack(shapes[command])) then
      return redis.error_reply('NOPERM this user may not run ' .. command)
    end
  end
end
local place = 3
local function take()
  place = place + 1
  return ARGV[place]
end
local function key()
  return KEYS[tonumber(take())]
end
local function less(a, b)
  local ah, al = struct.unpack('>I4I4', a)
  local bh, bl = struct.unpack('>I4I4', b)
  return ah < bh or (ah == bh and al < bl)
end
local NEVER = string.char(128, 0, 0, 0, 0, 0, 0, 0)
local steps = {
  S = function()
    local k, field, value = key(), take(), take()
    redis.call('HSET', k, field, value)
  end,
  D = function()
    local k, field = key(), take()
    redis.call('HDEL', k, field)
  end,
  C = function()
    redis.call('DEL', key())
  end,
  I = function()
    local k, users, field, user, value = key(), key(), take(), take(), take()
    if redis.call('HSET', k, field, value) == 1 then redis.call('HINCRBY', users, user, 1) end
  end,
  J = function()
    local k, users, field, user = key(), key(), take(), take()
    if redis.call('HDEL', k, field) == 1 and redis.call('HINCRBY', users, user, -1) < 1 then redis.call('HDEL', users, user) end
  end,
  T = function()
    local k, times, field, at, value = key(), key(), take(), take(), take()
    redis.call('HSET', k, field, value)
    redis.call('ZADD', times, at, field)
  end,
  U = function()
    local k, times, field = key(), key(), take()
    redis.call('HDEL', k, field)
    redis.call('ZREM', times, field)
  end,
  G = function()
    local k, times, field = key(), key(), take()
    local value = redis.call('HGET', k, field)
    if value then
      redis.call('HDEL', k, field)
      redis.call('ZREM', times, field)
    end
    return value
  end,
  X = function()
    local k, times, until_ = key(), key(), take()
    local old = redis.call('ZRANGEBYSCORE', times, '-inf', until_)
    local gone = 0
    for first = 1, #old, 500 do
      gone = gone + redis.call('HDEL', k, unpack(old, first, math.min(first + 499, #old)))
    end
    redis.call('ZREMRANGEBYSCORE', times, '-inf', until_)
    return gone
  end,
  P = function()
    local k, prefix = key(), take()
    for _, field in ipairs(redis.call('HKEYS', k)) do
      if string.sub(field, 1, #prefix) == prefix then redis.call('HDEL', k, field) end
    end
  end,
  M = function()
    local k, times, field, until_, at, sealed = key(), key(), take(), take(), take(), take()
    local old = redis.call('HGET', k, field)
    if old then
      local before, was = string.sub(old, 1, 8), string.sub(old, 9, 16)
      if before == NEVER or (until_ ~= NEVER and less(until_, before)) then until_ = before end
      if less(at, was) then at = was end
    end
    redis.call('HSET', k, field, until_ .. at .. sealed)
    if until_ == NEVER then
      redis.call('ZREM', times, field)
    else
      local high, low = struct.unpack('>I4I4', until_)
      redis.call('ZADD', times, (high - 2147483648) * 4294967296 + low, field)
    end
  end,
  F = function()
    local k, field = key(), take()
    local value = redis.call('HGET', k, field)
    if value then redis.call('HSET', k, field, string.char(1) .. string.sub(value, 2)) end
  end,
  N = function()
    local k, field, value = key(), take(), take()
    return redis.call('HSETNX', k, field, value)
  end,
}
local answers = {}
while place < #ARGV do
  local answer = steps[take()]()
  if answer ~= nil then answers[#answers + 1] = answer end
end
return answers
";

/// KEYS: fence, lease, auth. ARGV: the fence, or nothing when the channel is held by nobody. Decides that the auth-state is to be
/// destroyed and answers the fence that destroys it.
const DOOM: &str = r"
local fence = ARGV[1]
if fence == '' then
  if redis.call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('FENCED another worker holds the channel') end
  if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
  fence = redis.call('INCR', KEYS[1])
elseif redis.call('GET', KEYS[1]) ~= fence then
  return redis.error_reply('FENCED another worker holds the channel')
end
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], 'shredding', '1') end
return tonumber(fence)
";

/// KEYS: fence, and all that goes. ARGV: the fence.
const CLEAR: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another worker holds the channel') end
redis.call('DEL', unpack(KEYS, 2))
return 1
";

/// KEYS: fence, lease. ARGV: for how long (ms). Takes a channel that nobody holds and answers its fence.
const BORROW: &str = r"
if redis.call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('FENCED another worker holds the channel') end
local fence = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], fence .. ' wk_00000000000000000000000000', 'PX', ARGV[1])
return fence
";

/// KEYS: lease. ARGV: the fence.
const GIVE_BACK: &str = r"
local lease = redis.call('GET', KEYS[1])
if lease and string.match(lease, '^%d+') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
";

/// KEYS: auth, and hashes. Answers the device, and all fields and values of each hash, as they are at one moment.
const DUMP: &str = r"
local all = { redis.call('HMGET', KEYS[1], 'shredding', 'check', 'form', 'device') }
for n = 2, #KEYS do all[n] = redis.call('HGETALL', KEYS[n]) end
return all
";
