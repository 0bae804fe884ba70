-- Reserves more from each budget of a claim that was taken, or nothing.
--
-- KEYS: the epoch; then two for each budget. ARGV[1]: as for take, `r` being what is wanted in addition.
-- Returns {0}; {3, index, left}; or {4} where purses were lost.

local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1735689600) * 10000000 + tonumber(time[2]) * 10
local claim = cjson.decode(ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {4}
end
for index, budget in ipairs(claim.budgets) do
  local purse = KEYS[2 * index]
  local spent = tonumber(redis.call('HGET', purse, 'spent') or '0')
  local reserved = tonumber(redis.call('HGET', purse, 'reserved') or '0')
  local left = budget.l - spent - reserved
  if left < budget.r then
    if left < 0 then left = 0 end
    return {3, index - 1, left}
  end
end
for index, budget in ipairs(claim.budgets) do
  local purse, times = KEYS[2 * index], KEYS[2 * index + 1]
  local amount = string.format('%.0f', budget.r)
  redis.call('HINCRBY', purse, 'r:' .. claim.id, amount)
  redis.call('HINCRBY', purse, 'reserved', amount)
  redis.call('ZADD', times, now + claim.lease * 10000, claim.id)
  redis.call('PEXPIRE', purse, budget.t)
  redis.call('PEXPIRE', times, budget.t)
end
return {0}
