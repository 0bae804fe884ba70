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

/// How long to wait for a provider. The defaults do not kill models that think before they answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// For response headers and the first event of a stream.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub first_event: Duration,
    /// The same for models that reason.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub first_event_reasoning: Duration,
    /// Between two events of a stream.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub idle: Duration,
    /// For a whole answer that is not streamed.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_event: Duration::from_secs(30),
            first_event_reasoning: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            // What the providers' own SDKs wait.
            total: Duration::from_secs(600),
        }
    }
}
