//! `[cache]` and `[rate_limit]`: what is remembered, and how often a caller may ask.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use router_core::grants::{Limits, Rate};
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
    /// Tokens of prompts and answers, of one caller: on average; not limited where it is not set.
    pub tokens_per_minute: Option<NonZeroU32>,
    /// The same, at once, after a pause; as many as in a minute where it is not set.
    pub token_burst: Option<NonZeroU32>,
    /// Requests of one caller that may be under way at the same time; not limited where it is not set.
    pub concurrent: Option<NonZeroU32>,
    /// Models that may be asked only so often, whoever calls: by the model's id.
    pub models: BTreeMap<String, ModelLimit>,
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
            tokens_per_minute: None,
            token_burst: None,
            concurrent: None,
            models: BTreeMap::new(),
            max_callers: count(100_000),
        }
    }
}

/// How often a model may be asked, whoever calls. What is not set is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelLimit {
    /// Requests: on average.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Requests: at once, after a pause; 10 where it is not set.
    pub burst: Option<NonZeroU32>,
    /// Tokens of prompts and answers: on average.
    pub tokens_per_minute: Option<NonZeroU32>,
    /// Requests under way at the same time.
    pub concurrent: Option<NonZeroU32>,
}

impl ModelLimit {
    /// As the engine takes them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let burst = self.burst.unwrap_or(count(10)).get();
        Limits {
            requests: self.requests_per_minute.map(|rate| Rate { per_minute: rate.get(), burst }),
            tokens: self.tokens_per_minute.map(|rate| Rate { per_minute: rate.get(), burst: rate.get() }),
            concurrent: self.concurrent.map(NonZeroU32::get),
        }
    }
}

/// What budgets pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budgets {
    /// Whether a caller with a budget may use a model whose price nobody knows; it is then charged like the dearest.
    pub unpriced: Unpriced,
}

/// What becomes of a model whose price nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// It is not a candidate.
    Refuse,
    /// It is charged like the dearest.
    Allow,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { unpriced: Unpriced::Refuse }
    }
}

impl RateLimit {
    /// What one caller is limited to, where their key has no limits of its own.
    #[must_use]
    pub fn caller(&self) -> Limits {
        if !self.enabled {
            return Limits::default();
        }
        let tokens = self
            .tokens_per_minute
            .map(|rate| Rate { per_minute: rate.get(), burst: self.token_burst.unwrap_or(rate).get() });
        Limits { requests: Some(self.executions()), tokens, concurrent: self.concurrent.map(NonZeroU32::get) }
    }

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
