-- Replaces what was claimed by what was used.
--
-- KEYS: the epoch; then one for each rate of tokens, one for each slot, and two for each budget.
-- ARGV[1]: id, rates {i: interval, b: burst, c: cost, u: used}, slots, budgets {t}, cost (nano-dollars).

local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1735689600) * 10000000 + tonumber(time[2]) * 10
local claim = cjson.decode(ARGV[1])

local at = 1
for index, rate in ipairs(claim.rates) do
  local key = KEYS[at + index]
  local paid_back = tonumber(redis.call('GET', key) or '0')
  local moved = paid_back
  if rate.u <= rate.c then
    moved = paid_back - (rate.c - rate.u) * rate.i
  else
    if paid_back < now then paid_back = now end
    moved = paid_back + (rate.u - rate.c) * rate.i
    -- Beyond the burst at most as far again: one absurd figure does not lock its caller out for long.
    local furthest = now + 2 * rate.b * rate.i
    if moved > furthest then moved = furthest end
  end
  if moved > now then
    redis.call('SET', key, string.format('%.0f', moved), 'PX', math.floor((moved - now) / 10000) + 1000)
  else
    redis.call('DEL', key)
  end
end
at = at + #claim.rates

for index in ipairs(claim.slots) do
  redis.call('ZREM', KEYS[at + index], claim.id)
end
at = at + #claim.slots

-- Where purses were lost, the ledger brings back what was spent.
if #claim.budgets == 0 or redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local cost = string.format('%.0f', claim.cost)
for index, budget in ipairs(claim.budgets) do
  local purse, times = KEYS[at + 2 * index - 1], KEYS[at + 2 * index]
  local amount = redis.call('HGET', purse, 'r:' .. claim.id)
  if amount then
    redis.call('HINCRBY', purse, 'reserved', '-' .. amount)
    redis.call('HDEL', purse, 'r:' .. claim.id)
    redis.call('ZREM', times, claim.id)
  end
  redis.call('HINCRBY', purse, 'spent', cost)
  redis.call('PEXPIRE', purse, budget.t)
end
return 1
