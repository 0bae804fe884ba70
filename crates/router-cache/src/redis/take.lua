-- Takes everything that a request claims, or nothing.
--
-- KEYS: the epoch; then one for each rate, one for each slot, and two for each budget (the purse, its reservations by time).
-- ARGV[1]: the claim as JSON: id, lease (ms), rates {i: interval, b: burst, c: cost}, slots {m: most},
--   budgets {l: limit, r: reserve, t: how long the purse is kept (ms)}. Times are in units of 100 ns, money in nano-dollars.
-- Returns {0, owed...}; {1, index, owed, wait or -1}; {2, index}; {3, index, left}; or {4} where purses were lost.

local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1735689600) * 10000000 + tonumber(time[2]) * 10
local claim = cjson.decode(ARGV[1])

if #claim.budgets > 0 and redis.call('EXISTS', KEYS[1]) == 0 then
  return {4}
end

local at = 1
local after, seen = {}, {}
local refused, refused_owed, refused_wait
for index, rate in ipairs(claim.rates) do
  local key = KEYS[at + index]
  local paid_back = seen[key] or tonumber(redis.call('GET', key) or '0')
  if paid_back < now then paid_back = now end
  -- Nobody owes more than two bursts: beyond that the clock was put back, and nobody is locked out by it. Written down at once,
  -- or who is refused would owe as much at the next attempt.
  local furthest = now + 2 * rate.b * rate.i
  if paid_back > furthest then
    paid_back = furthest
    redis.call('SET', key, string.format('%.0f', furthest), 'PX', math.floor((furthest - now) / 10000) + 1000)
  end
  local wait
  if rate.i == 0 or rate.c > rate.b then
    wait = -1
  else
    local moved = paid_back + rate.c * rate.i
    local over = moved - (now + rate.b * rate.i)
    if over > 0 then
      wait = over
    else
      after[index] = moved
      seen[key] = moved
    end
  end
  -- Of several the one with the longest wait, so that who waits is not refused again by the next.
  if wait and (not refused or (refused_wait ~= -1 and (wait == -1 or wait > refused_wait))) then
    refused, refused_owed, refused_wait = index, paid_back - now, wait
  end
end
if refused then
  return {1, refused - 1, refused_owed, refused_wait}
end
at = at + #claim.rates

for index, slot in ipairs(claim.slots) do
  local key = KEYS[at + index]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= slot.m then
    return {2, index - 1}
  end
end
local slots_at = at
at = at + #claim.slots

for index, budget in ipairs(claim.budgets) do
  local purse, times = KEYS[at + 2 * index - 1], KEYS[at + 2 * index]
  -- Reservations that nobody settled in time.
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', times, '-inf', now, 'LIMIT', 0, 100)) do
    local amount = redis.call('HGET', purse, 'r:' .. id)
    if amount then
      redis.call('HINCRBY', purse, 'reserved', '-' .. amount)
      redis.call('HDEL', purse, 'r:' .. id)
    end
    redis.call('ZREM', times, id)
  end
  local spent = tonumber(redis.call('HGET', purse, 'spent') or '0')
  local reserved = tonumber(redis.call('HGET', purse, 'reserved') or '0')
  local left = budget.l - spent - reserved
  if left < budget.r or left <= 0 then
    if left < 0 then left = 0 end
    return {3, index - 1, left}
  end
end

local until_ = now + claim.lease * 10000
local taken = {0}
for index, rate in ipairs(claim.rates) do
  local owed = after[index] - now
  redis.call('SET', KEYS[1 + index], string.format('%.0f', after[index]), 'PX', math.floor(owed / 10000) + 1000)
  taken[index + 1] = owed
end
for index in ipairs(claim.slots) do
  local key = KEYS[slots_at + index]
  redis.call('ZADD', key, until_, claim.id)
  redis.call('PEXPIRE', key, claim.lease + 1000)
end
for index, budget in ipairs(claim.budgets) do
  local purse, times = KEYS[at + 2 * index - 1], KEYS[at + 2 * index]
  local amount = string.format('%.0f', budget.r)
  redis.call('HSET', purse, 'r:' .. claim.id, amount)
  redis.call('HINCRBY', purse, 'reserved', amount)
  redis.call('ZADD', times, until_, claim.id)
  redis.call('PEXPIRE', purse, budget.t)
  redis.call('PEXPIRE', times, budget.t)
end
return taken
