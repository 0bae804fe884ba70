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
}

impl Default for Failover {
    fn default() -> Self {
        Self { enabled: true, max_retries: 3, retry_delay: Duration::from_secs(1) }
    }
}

/// How long to wait for an answer. The defaults do not kill models that think before they answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// For one model's answer. A silent model is left then, and the next one asked.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub answer: Duration,
    /// The same for models that reason.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub answer_reasoning: Duration,
    /// For the whole request: all attempts and pauses together.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub request: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // 5,000 tokens at the 50 per second of a middling model, with time to spare.
            answer: Duration::from_secs(120),
            answer_reasoning: Duration::from_secs(300),
            // The official SDKs give up then: a later answer reaches nobody.
            request: Duration::from_secs(600),
        }
    }
}
