//! How models behave now: what the last minutes showed of latency, speed and success.

use serde::Serialize;

/// What a decision wants to know of a model's recent behaviour. `None` where too little was seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveFigures {
    /// Seconds to the first token, smoothed.
    pub first_token_seconds: Option<f32>,
    /// Output tokens per second after it, smoothed.
    pub tokens_per_second: Option<f32>,
    /// Share of attempts that succeeded, in [0, 1].
    pub success: Option<f32>,
}
