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
}

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
        }
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
