//! Figures for charts: hourly sums over requests, kept when the requests themselves are gone.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::{ModelId, ProviderId, TenantId};
use router_core::prompt_type::PromptType;
use router_core::usd::Usd;

use crate::error::StoreError;

/// Sums over the requests of one hour, tenant, model and type.
#[derive(Debug, Clone, PartialEq)]
pub struct HourFigures {
    /// The hour's beginning, in UTC.
    pub hour: Timestamp,
    /// Whose.
    pub tenant: TenantId,
    /// Who answered; none for requests that nobody was asked about.
    pub model_id: Option<ModelId>,
    /// Its provider.
    pub provider: Option<ProviderId>,
    /// What kind of prompts.
    pub prompt_type: PromptType,
    /// The sums.
    pub sums: Sums,
}

/// Sums over requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// All of them.
    pub requests: u64,
    /// Those that got their answer.
    pub succeeded: u64,
    /// Those that got an error.
    pub failed: u64,
    /// Those whose caller left.
    pub cancelled: u64,
    /// Those of which nobody knows how they ended.
    pub unknown: u64,
    /// Answers from the cache.
    pub cached: u64,
    /// Requests for which more than one attempt was made.
    pub failovers: u64,
    /// Tokens of prompts, those from the provider's cache included.
    pub input_tokens: u64,
    /// Tokens of answers, reasoning included.
    pub output_tokens: u64,
    /// What was paid, as far as it is known.
    pub cost: Usd,
    /// Requests whose price nobody knows.
    pub unpriced: u64,
    /// The latencies of answered requests added up, in microseconds.
    pub latency_us: u64,
    /// Answered requests by latency: how many took up to each of [`LATENCY_BOUNDS_MS`], and in the last place how many took longer.
    pub latency_histogram: [u64; 12],
}

/// The upper bounds of the histogram of latencies, in milliseconds.
pub const LATENCY_BOUNDS_MS: [u64; 11] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000];

/// What charts are made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FigureFilter {
    /// Only this tenant's; `None` is for those who may see all.
    pub tenant: Option<TenantId>,
    /// Only this model's.
    pub model_id: Option<ModelId>,
}

/// Reads hourly sums.
#[async_trait]
pub trait Statistics: Send + Sync {
    /// The sums of each hour from `from` (included) to `to` (excluded), oldest first; the present hour up to the last record
    /// that reached the database.
    ///
    /// # Errors
    /// The database did not answer.
    async fn hours(
        &self,
        filter: &FigureFilter,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<HourFigures>, StoreError>;
}
