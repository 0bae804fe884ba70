-- Makes sure that purses hold at least what the ledger says was spent, and says that they can be believed.
--
-- KEYS: the epoch; then one for each purse. ARGV[1]: a list of {s: spent, t: how long the purse is kept (ms)};
-- ARGV[2]: how long the epoch is kept (ms).
-- The ledger lags behind by what is on its way to the database, so the larger of the two is nearer to the truth.

for index, purse in ipairs(cjson.decode(ARGV[1])) do
  local key = KEYS[1 + index]
  local known = tonumber(redis.call('HGET', key, 'spent') or '-1')
  if known < purse.s then
    redis.call('HSET', key, 'spent', string.format('%.0f', purse.s))
    redis.call('PEXPIRE', key, purse.t)
  end
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
return 0
