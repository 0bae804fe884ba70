//! Sums of each hour, for charts: exact, because they are written together with the records, and kept when those are deleted.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::{ModelId, TenantId};
use router_core::usd::Usd;

use crate::error::StoreError;

/// What requests add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub requests: u64,
    /// Those with a whole answer.
    pub succeeded: u64,
    /// Those with an error.
    pub failed: u64,
    /// Those whose caller went away.
    pub cancelled: u64,
    /// Those whose process died before it was known.
    pub outcome_unknown: u64,
    /// Those that were answered from the cache.
    pub cached: u64,
    /// Tokens of prompts, cached and written ones too, where known.
    pub input_tokens: u64,
    /// Tokens of answers, those of reasoning too, where known.
    pub output_tokens: u64,
    /// What those cost whose price is known.
    pub cost: Usd,
    /// Those whose price nobody knows.
    pub unpriced: u64,
    /// How long all of them took together whose end somebody saw.
    pub latency: Duration,
    /// Those that more than one model was asked for.
    pub failed_over: u64,
    /// Of those whose end somebody saw, how many took at most each of [`LATENCY_BOUNDS`], and longer than the one before. Those
    /// that took longer than the last are in none.
    pub within: [u64; LATENCY_BOUNDS.len()],
}

/// What latencies are told apart by.
pub const LATENCY_BOUNDS: [Duration; 10] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
    Duration::from_secs(64),
];

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            succeeded: self.succeeded.saturating_add(other.succeeded),
            failed: self.failed.saturating_add(other.failed),
            cancelled: self.cancelled.saturating_add(other.cancelled),
            outcome_unknown: self.outcome_unknown.saturating_add(other.outcome_unknown),
            cached: self.cached.saturating_add(other.cached),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost: self.cost.saturating_add(other.cost),
            unpriced: self.unpriced.saturating_add(other.unpriced),
            latency: self.latency.saturating_add(other.latency),
            failed_over: self.failed_over.saturating_add(other.failed_over),
            within: std::array::from_fn(|place| self.within[place].saturating_add(other.within[place])),
        }
    }

    /// How many have ended, as far as somebody saw.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.requests.saturating_sub(self.outcome_unknown)
    }

    /// The latency that a share (0 to 1) of those that ended took at most: between two of [`LATENCY_BOUNDS`] as if they were
    /// spread evenly, and at the last bound where it is longer. `None` where nothing has ended.
    #[must_use]
    pub fn latency_quantile(&self, share: f64) -> Option<Duration> {
        let wanted = self.ended() as f64 * share;
        let (mut before, mut from) = (0.0, Duration::ZERO);
        for (count, to) in self.within.iter().zip(LATENCY_BOUNDS) {
            let count = *count as f64;
            if count > 0.0 && before + count >= wanted {
                return Some(from + (to - from).mul_f64(((wanted - before) / count).clamp(0.0, 1.0)));
            }
            (before, from) = (before + count, to);
        }
        (self.ended() > 0).then_some(from)
    }
}

/// The sums of one model in one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic {
    /// When the stretch begins.
    pub start: Timestamp,
    /// The model that answered, or was asked last; none where no model was asked for.
    pub model_id: Option<ModelId>,
    /// Its requests.
    pub tally: Tally,
}

/// The most sums that are read at once: more would only fill memory on their way to a chart that cannot show them.
pub const MOST_STATISTICS: usize = 20_000;

/// Which sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsFilter {
    /// Only this tenant's; `None` is for those who may see all.
    pub tenant: Option<TenantId>,
    /// Only of this model.
    pub model_id: Option<ModelId>,
    /// From the hour of this time.
    pub from: Timestamp,
    /// To the hour of this time, included.
    pub to: Timestamp,
    /// How many hours make a stretch; at least one. Stretches of 24 begin at midnight in UTC.
    pub step_hours: u32,
}

/// Reads sums.
#[async_trait]
pub trait StatisticsStore: Send + Sync {
    /// The sums that `filter` lets through, by time and then by model; stretches without requests are left out. Of more than
    /// [`MOST_STATISTICS`], so many and one.
    ///
    /// # Errors
    /// The database did not answer.
    async fn statistics(&self, filter: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_where_the_counts_say() {
        let millis = |share: f64, tally: &Tally| tally.latency_quantile(share).map(|latency| latency.as_millis());
        assert_eq!(millis(0.5, &Tally::default()), None);
        // A hundred within 100 ms, a hundred from there to 250 ms.
        let mut tally = Tally { requests: 200, within: [0; 10], ..Tally::default() };
        tally.within[..2].copy_from_slice(&[100, 100]);
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|share| millis(share, &tally).unwrap()), [0, 50, 100, 175, 250]);
        // As many again took longer than a minute: the last bound is all that is known of them.
        let long = Tally { requests: 400, ..tally };
        assert_eq!((millis(0.5, &long), millis(0.99, &long)), (Some(250), Some(64_000)));
        // Of those whose end nobody saw nothing is known.
        let unknown = Tally { requests: 300, outcome_unknown: 100, ..tally };
        assert_eq!(millis(0.5, &unknown), Some(100));
        assert_eq!(tally.plus(&tally).within[0], 200);
    }
}
