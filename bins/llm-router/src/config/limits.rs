//! `[cache]` and `[rate_limit]`: what is remembered, and how often a caller may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use router_core::grants::Rate;
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

/// How often a caller may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Requests that a provider is asked for: sustained.
    pub requests_per_minute: NonZeroU32,
    /// Requests that a provider is asked for: at once, after a pause.
    pub burst: NonZeroU32,
    /// Reads and dry runs, which cost nothing but the router's own time: sustained.
    pub read_requests_per_minute: NonZeroU32,
    /// Reads and dry runs: at once, after a pause.
    pub read_burst: NonZeroU32,
    /// How many callers are kept in memory at most, at about 150 bytes each; at least 100.
    pub max_callers: NonZeroU32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            requests_per_minute: count(60),
            burst: count(10),
            // A dashboard that asks for ten things every second.
            read_requests_per_minute: count(600),
            read_burst: count(100),
            max_callers: count(100_000),
        }
    }
}

impl RateLimit {
    /// For requests that a provider is asked for.
    #[must_use]
    pub const fn executions(&self) -> Rate {
        Rate { per_minute: self.requests_per_minute.get(), burst: self.burst.get() }
    }

    /// For reads and dry runs.
    #[must_use]
    pub const fn reads(&self) -> Rate {
        Rate { per_minute: self.read_requests_per_minute.get(), burst: self.read_burst.get() }
    }
}
