//! Quotas that replicas share.

use std::time::Duration;

use async_trait::async_trait;
use router_core::grants::{BudgetPeriod, Rate};
use router_core::moment::Moment;
use router_core::usd::Usd;
use serde_json::{Value, json};

use super::connection::{RedisConnection, RedisError};
use super::script;
use super::settling::Settling;
use crate::gcra::PaidBack;
use crate::quota::{Allowance, BudgetClaim, Claim, Left, Purse, Quotas, RateClaim, Refused, Unit, Used};

/// The unit of time in the scripts: Lua's numbers are exact up to 2^53, which is 28 years of these from 2025.
const NANOS_PER_TICK: u64 = 100;
const TICKS_PER_MINUTE: u64 = 600_000_000;

/// What scripts answer with, in the first place.
const TAKEN: i64 = 0;
const RATE: i64 = 1;
const SLOTS: i64 = 2;
const BUDGET: i64 = 3;

/// Quotas on Redis: one script takes everything that a request claims, by the server's clock.
///
/// Exact as those in memory, but for three things. Intervals are rounded up to 100 ns, so rates above a million a minute admit
/// up to a few per mille less. Purses are exact up to nine million dollars. And a Redis that restarts empty has forgotten its
/// rates and slots: within the window after it up to one burst more is admitted. Purses it has forgotten are not believed
/// before [`reconcile`](Self::reconcile) has brought them back from the ledger: until then claims with budgets are
/// [`Refused::Unavailable`].
#[derive(Debug)]
pub struct RedisQuotas {
    pub(super) redis: RedisConnection,
    settling: Settling,
}

impl RedisQuotas {
    /// Quotas on that connection. Must be called on a runtime, where settlements are sent in the background.
    #[must_use]
    pub fn new(redis: RedisConnection) -> Self {
        let settling = Settling::start(redis.clone());
        Self { redis, settling }
    }

    /// How many settlements were lost, because Redis was away for too long: the ledger puts right what they would have.
    #[must_use]
    pub fn settlements_lost(&self) -> u64 {
        self.settling.lost()
    }

    /// Waits until everything settled so far has been sent, or given up.
    pub async fn settled(&self) {
        self.settling.drained().await;
    }
}

#[async_trait]
impl Quotas for RedisQuotas {
    async fn take(&self, claim: &Claim, now: Moment) -> Result<Left, Refused> {
        let mut keys = vec![self.redis.key(EPOCH)];
        keys.extend(claim.rates.iter().map(|rate| self.redis.key(&rate.name)));
        keys.extend(claim.slots.iter().map(|slot| self.redis.key(&slot.name)));
        keys.extend(budget_keys(&self.redis, &claim.budgets));
        let argument = json!({
            "id": claim.id.to_string(),
            "lease": millis(claim.lease),
            "rates": claim.rates.iter().map(rate).collect::<Vec<_>>(),
            "slots": claim.slots.iter().map(|slot| json!({"m": slot.most})).collect::<Vec<_>>(),
            "budgets": claim.budgets.iter().map(|claim| budget(claim, claim.reserve)).collect::<Vec<_>>(),
        });
        let answer = self.redis.run::<Vec<i64>>(&script::TAKE, keys, vec![argument.to_string()]).await;
        let answer = answer.map_err(|error| {
            if matches!(error, RedisError::Silent { .. }) {
                // What it took all the same would be held until its lease ends.
                self.settle(claim.clone(), Used::default(), now);
            }
            Refused::Unavailable
        })?;
        taken(claim, &answer).unwrap_or(Err(Refused::Unavailable))
    }

    async fn top_up(&self, claim: &Claim, extra: Usd, _: Moment) -> Result<(), Refused> {
        let mut keys = vec![self.redis.key(EPOCH)];
        keys.extend(budget_keys(&self.redis, &claim.budgets));
        let argument = json!({
            "id": claim.id.to_string(),
            "lease": millis(claim.lease),
            "budgets": claim.budgets.iter().map(|claim| budget(claim, extra)).collect::<Vec<_>>(),
        });
        let answer = self.redis.run::<Vec<i64>>(&script::TOP_UP, keys, vec![argument.to_string()]).await;
        match answer.as_deref() {
            Ok([TAKEN, ..]) => Ok(()),
            Ok([BUDGET, index, left, ..]) => Err(Refused::Budget {
                index: usize::try_from(*index).unwrap_or_default(),
                left: Usd::from_nanos(*left),
            }),
            _ => Err(Refused::Unavailable),
        }
    }

    fn settle(&self, claim: Claim, used: Used, _: Moment) {
        let tokens: Vec<&RateClaim> = claim.rates.iter().filter(|rate| rate.unit == Unit::Tokens).collect();
        let tokens = if used.tokens.is_some() { tokens } else { Vec::new() };
        if tokens.is_empty() && claim.slots.is_empty() && claim.budgets.is_empty() {
            return;
        }
        let mut keys = vec![self.redis.key(EPOCH)];
        keys.extend(tokens.iter().map(|rate| self.redis.key(&rate.name)));
        keys.extend(claim.slots.iter().map(|slot| self.redis.key(&slot.name)));
        keys.extend(budget_keys(&self.redis, &claim.budgets));
        let used_tokens = used.tokens.unwrap_or_default().min(u64::from(u32::MAX));
        let with_use = |claim: &&RateClaim| {
            let mut value = rate(claim);
            value["u"] = used_tokens.into();
            value
        };
        let argument = json!({
            "id": claim.id.to_string(),
            "rates": tokens.iter().map(with_use).collect::<Vec<_>>(),
            "slots": claim.slots.iter().map(|_| json!({})).collect::<Vec<_>>(),
            "budgets": claim.budgets.iter().map(|claim| json!({"t": kept(claim.purse.period)})).collect::<Vec<_>>(),
            "cost": used.cost.nanos(),
        });
        self.settling.send(keys, argument.to_string());
    }
}

/// The key without which no purse is believed.
pub(super) const EPOCH: &str = "epoch";

/// `purse:key:abc:day:2026-11-24`
pub(super) fn purse_name(purse: &Purse) -> String {
    format!("purse:{}:{}:{}", purse.account, purse.period.name(), purse.from)
}

/// How long a purse is kept after its last use, in milliseconds: longer than its period.
pub(super) const fn kept(period: BudgetPeriod) -> u64 {
    const DAY: u64 = 86_400_000;
    match period {
        BudgetPeriod::Day => 3 * DAY,
        BudgetPeriod::Month => 65 * DAY,
        BudgetPeriod::Total => 400 * DAY,
    }
}

fn budget_keys(redis: &RedisConnection, budgets: &[BudgetClaim]) -> Vec<String> {
    let keys = budgets.iter().flat_map(|claim| {
        let name = purse_name(&claim.purse);
        [redis.key(&name), redis.key(&format!("{name}:times"))]
    });
    keys.collect()
}

fn rate(claim: &RateClaim) -> Value {
    json!({"i": interval(claim.rate), "b": claim.rate.burst, "c": claim.cost})
}

fn budget(claim: &BudgetClaim, wanted: Usd) -> Value {
    json!({"l": claim.limit.nanos(), "r": wanted.nanos(), "t": kept(claim.purse.period)})
}

fn interval(rate: Rate) -> u64 {
    if rate.per_minute == 0 { 0 } else { TICKS_PER_MINUTE.div_ceil(u64::from(rate.per_minute)) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn ticks(number: i64) -> Duration {
    let nanos = u64::try_from(number).unwrap_or_default().saturating_mul(NANOS_PER_TICK);
    Duration::from_nanos(nanos)
}

/// The script's answer. `None` if it is not one.
fn taken(claim: &Claim, answer: &[i64]) -> Option<Result<Left, Refused>> {
    let index = || usize::try_from(*answer.get(1)?).ok();
    Some(match *answer.first()? {
        TAKEN => {
            let owed = answer.get(1..)?;
            let left = |unit: Unit| {
                let all = claim.rates.iter().zip(owed).filter(|(rate, _)| rate.unit == unit);
                let all = all.map(|(rate, &owed)| allowance(rate.rate, owed));
                let share = |allowance: &Allowance| f64::from(allowance.remaining) / f64::from(allowance.limit.max(1));
                all.min_by(|one, other| share(one).total_cmp(&share(other)))
            };
            Ok(Left { requests: left(Unit::Requests), tokens: left(Unit::Tokens) })
        }
        RATE => {
            let index = index()?;
            let allowance = allowance(claim.rates.get(index)?.rate, *answer.get(2)?);
            let wait = *answer.get(3)?;
            Err(Refused::Rate { index, allowance, retry_after: (wait >= 0).then(|| ticks(wait)) })
        }
        SLOTS => Err(Refused::Slots { index: index()? }),
        BUDGET => Err(Refused::Budget { index: index()?, left: Usd::from_nanos(*answer.get(2)?) }),
        _ => Err(Refused::Unavailable),
    })
}

fn allowance(rate: Rate, owed: i64) -> Allowance {
    PaidBack::owing(ticks(owed)).allowance(rate, Moment::default())
}
