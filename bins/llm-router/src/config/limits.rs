//! `[cache]` and `[rate_limit]`: what is remembered, and how often a caller may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use router_cache::rate_limit::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::count;
use super::{duration_text, size_text};

/// The response cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Whether answers are remembered at all.
    pub enabled: bool,
    /// For how long.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub ttl: Duration,
    /// How much memory they may take; one answer at most a sixteenth of it.
    #[serde(with = "size_text")]
    #[schemars(with = "size_text::Text")]
    pub max_size: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { enabled: true, ttl: Duration::from_secs(3600), max_size: 64 << 20 }
    }
}

/// How often something may be asked, by one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRate {
    /// Sustained.
    pub requests_per_minute: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl From<RequestRate> for Rate {
    fn from(rate: RequestRate) -> Self {
        Self { per_minute: rate.requests_per_minute.get(), burst: rate.burst.get() }
    }
}

/// How often a caller may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Whether anything is limited.
    pub enabled: bool,
    /// How many callers are kept in memory at most.
    pub max_names: NonZeroU32,
    /// For requests that a provider is asked for.
    pub executions: RequestRate,
    /// For reads and dry runs: they cost nothing but the router's own time.
    pub reads: RequestRate,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            max_names: count(100_000),
            executions: RequestRate { requests_per_minute: count(60), burst: count(10) },
            // A dashboard that asks for ten things every second.
            reads: RequestRate { requests_per_minute: count(600), burst: count(100) },
        }
    }
}
