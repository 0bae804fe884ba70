//! `[failover]` and `[deadlines]`: how long to wait for a provider, and what to do when it fails.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration_text;

/// What happens when a provider fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Failover {
    /// Whether anyone is asked after the first attempt failed.
    pub enabled: bool,
    /// Extra attempts per request, all models together.
    #[schemars(range(max = 20))]
    pub max_retries: u32,
    /// The first pause before the same model is asked again; it grows, and is jittered.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub retry_delay: Duration,
    /// How many repeats at the same model are allowed for each first try, per provider.
    #[schemars(range(min = 0, max = 1))]
    pub retry_share: f64,
    /// How a stream goes on that stops after part of the answer was sent.
    pub resume: ResumeBy,
    /// Failures in a row after which a model or provider is left alone, but for probes; 0 is never.
    pub breaker_failures: u32,
    /// How long a failing target is left alone before one request tries it.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub probe_interval: Duration,
}

/// How a stream goes on that stops after part of the answer was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResumeBy {
    /// The next model that can continue an assistant's turn does so.
    Prefill,
    /// The same; a model that cannot is asked afresh, and its answer used only if it begins with what was sent.
    Splice,
    /// It does not: the caller gets an error in the stream.
    Off,
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            enabled: true,
            max_retries: 3,
            retry_delay: Duration::from_secs(1),
            // An outage makes at most a fifth more requests, beside a few that are always allowed.
            retry_share: 0.2,
            resume: ResumeBy::Prefill,
            // No chance event at a target that succeeds half of the time or more.
            breaker_failures: 5,
            probe_interval: Duration::from_secs(10),
        }
    }
}

/// How long to wait for an answer. The defaults do not kill models that think before they answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// For the first delta of a streamed answer. A silent model is left then, and the next one asked.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub first_event: Duration,
    /// The same for models that reason.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub first_event_reasoning: Duration,
    /// Between two events of a streamed answer.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub idle: Duration,
    /// For one model's whole answer, where it is not streamed.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub answer: Duration,
    /// The same for models that reason.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub answer_reasoning: Duration,
    /// For the whole request: all attempts and pauses together; to its first delta where it is streamed.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub request: Duration,
    /// For a whole streamed answer.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub stream: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_event: Duration::from_secs(30),
            first_event_reasoning: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            // 5,000 tokens at the 50 per second of a middling model, with time to spare.
            answer: Duration::from_secs(120),
            answer_reasoning: Duration::from_secs(300),
            // The official SDKs give up then: a later answer reaches nobody.
            request: Duration::from_secs(600),
            // The longest answers are 128,000 tokens; at 50 a second they take 43 minutes.
            stream: Duration::from_secs(3600),
        }
    }
}
