//! The arithmetic of one limit: the generic cell rate algorithm (ITU-T I.371), which keeps one point in time.
//!
//! A request costs *cost* × interval, where interval = 60 s ÷ `per_minute`. The state is the moment at which
//! everything taken so far will have been paid back ("theoretical arrival time"). A request is admitted if
//! afterwards that moment is at most burst × interval ahead of now.
//!
//! Why that bounds every window: each admitted cost moves the moment ahead by cost × interval. The first request of
//! a window [s, e] leaves it no earlier than s + its own share, the last no later than e + burst × interval, so all
//! that was admitted between them costs at most (e − s) + burst × interval. No order of arrival is assumed, so it
//! also holds when threads read the clock and reach the limiter in different orders.

use std::time::Duration;

use router_core::moment::Moment;

use router_core::grants::Rate;

use crate::quota::Allowance;

/// Picoseconds. Intervals are rounded up to whole ones, never down, so that the bound is exact; at the highest
/// rate that [`Rate`] can say (2³² a minute) that costs less than 0.01 % of the rate.
type Picos = u128;

const PICOS_PER_NANO: Picos = 1_000;
const PICOS_PER_MINUTE: Picos = 60_000_000_000_000;

/// When everything taken so far will have been paid back, since the clock's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct PaidBack(Picos);

impl PaidBack {
    /// What is owed at the clock's origin.
    #[cfg(feature = "redis")]
    pub(crate) fn owing(owed: Duration) -> Self {
        Self(picos(owed))
    }

    /// Nothing is owed: the same as never having been asked.
    pub(crate) fn is_full(self, now: Moment) -> bool {
        self.0 <= picos(now.0)
    }

    /// Takes `cost` at `now`, if the rate allows it.
    ///
    /// # Errors
    /// It does not: with the wait until it will, `None` if it never will.
    pub(crate) fn take(self, rate: Rate, cost: u32, now: Moment) -> Result<Self, Option<Duration>> {
        let interval = interval(rate).filter(|_| cost <= rate.burst).ok_or(None)?;
        let after = self.0.max(picos(now.0)) + Picos::from(cost) * interval;
        let furthest = picos(now.0) + Picos::from(rate.burst) * interval;
        if after <= furthest { Ok(Self(after)) } else { Err(Some(duration(after - furthest))) }
    }

    /// Puts right that `cost` was taken and `used` was used: gives the difference back, or takes it, also beyond the burst;
    /// then at most as far again, so that one absurd figure does not lock its caller out for long.
    pub(crate) fn settle(self, rate: Rate, cost: u32, used: u64, now: Moment) -> Self {
        let Some(interval) = interval(rate) else { return self };
        let (cost, used) = (Picos::from(cost) * interval, Picos::from(used).saturating_mul(interval));
        if used <= cost {
            return Self(self.0.saturating_sub(cost - used));
        }
        let furthest = picos(now.0) + 2 * Picos::from(rate.burst) * interval;
        Self(self.0.max(picos(now.0)).saturating_add(used - cost).min(furthest.max(self.0)))
    }

    /// What is left at `now`.
    pub(crate) fn allowance(self, rate: Rate, now: Moment) -> Allowance {
        let owed = self.0.saturating_sub(picos(now.0));
        let remaining = interval(rate).map_or(0, |interval| {
            let free = (Picos::from(rate.burst) * interval).saturating_sub(owed) / interval;
            u32::try_from(free).unwrap_or(u32::MAX)
        });
        Allowance { limit: rate.burst, remaining, reset: duration(owed) }
    }

    /// How long until nothing is owed.
    pub(crate) fn wait(self, now: Moment) -> Duration {
        duration(self.0.saturating_sub(picos(now.0)))
    }
}

/// Between two requests at the sustained rate; none for a rate that admits nothing.
fn interval(rate: Rate) -> Option<Picos> {
    (rate.per_minute > 0).then(|| PICOS_PER_MINUTE.div_ceil(Picos::from(rate.per_minute)))
}

fn picos(time: Duration) -> Picos {
    time.as_nanos() * PICOS_PER_NANO
}

/// Rounded up, so that who waits that long is admitted.
fn duration(picos: Picos) -> Duration {
    Duration::from_nanos(u64::try_from(picos.div_ceil(PICOS_PER_NANO)).unwrap_or(u64::MAX))
}
