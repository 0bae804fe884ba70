//! What callers want beside an answer, whichever API they use.

use std::ops::RangeInclusive;

use router_core::preferences::{Preferences, Target};
use router_core::usd::Usd;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::json::Word;
use crate::json_value::JsonObject;

/// The most metadata that is recorded with a request, in bytes of JSON.
const METADATA_LIMIT: usize = 16 * 1024;

/// What is wanted of the choice. Weights are any non-negative numbers: only their ratios count. What is not given is
/// the server's default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PreferencesBody {
    /// How much being cheap matters.
    #[schemars(range(min = 0))]
    pub(super) cost_weight: Option<f64>,
    /// How much being fast matters.
    #[schemars(range(min = 0))]
    pub(super) latency_weight: Option<f64>,
    /// How much being good matters.
    #[schemars(range(min = 0))]
    pub(super) quality_weight: Option<f64>,
    /// What decides among the models that pass the bounds below.
    pub(super) target: Option<Word<Target>>,
    /// No model below this expected quality, in [0, 1].
    #[schemars(range(min = 0, max = 1))]
    pub(super) min_quality: Option<f64>,
    /// No model whose expected cost for this prompt is above this, in US dollars.
    #[schemars(range(min = 0))]
    pub(super) max_cost_usd: Option<f64>,
    /// No model whose expected time to the whole answer is above this, in milliseconds.
    #[schemars(range(min = 0))]
    pub(super) max_latency_ms: Option<f64>,
}

impl PreferencesBody {
    /// These wishes over `preferences`. `name` is how the caller wrote the field of that name.
    pub(super) fn over(
        self,
        mut preferences: Preferences,
        name: impl Fn(&str) -> String,
    ) -> Result<Preferences, ApiError> {
        const ANY: RangeInclusive<f64> = 0.0..=f64::MAX;
        let weights = &mut preferences.weights;
        weights.cost = within(&name("costWeight"), self.cost_weight, ANY)?.unwrap_or(weights.cost);
        weights.latency = within(&name("latencyWeight"), self.latency_weight, ANY)?.unwrap_or(weights.latency);
        weights.quality = within(&name("qualityWeight"), self.quality_weight, ANY)?.unwrap_or(weights.quality);
        preferences.target = self.target.map_or(preferences.target, |Word(given)| given);
        let min_quality = within(&name("minQuality"), self.min_quality, 0.0..=1.0)?;
        preferences.min_quality = min_quality.or(preferences.min_quality);
        let max_cost = within(&name("maxCostUsd"), self.max_cost_usd, ANY)?.map(Usd::from_dollars);
        preferences.max_cost = max_cost.or(preferences.max_cost);
        let max_latency = within(&name("maxLatencyMs"), self.max_latency_ms, ANY)?.map(|ms| ms / 1e3);
        preferences.max_latency_seconds = max_latency.or(preferences.max_latency_seconds);
        Ok(preferences)
    }
}

/// What is recorded with a request, if it is not too much.
pub(super) fn recorded(field: &str, JsonObject(metadata): &JsonObject) -> Result<Value, ApiError> {
    let metadata = Value::Object(metadata.clone());
    match metadata.to_string().len() {
        length if length > METADATA_LIMIT => {
            Err(ApiError::invalid(field, format!("must be at most {METADATA_LIMIT} bytes of JSON, and is {length}")))
        }
        _ => Ok(metadata),
    }
}

/// The number, if it is in `range`. NaN is in none.
pub(super) fn within(field: &str, number: Option<f64>, range: RangeInclusive<f64>) -> Result<Option<f64>, ApiError> {
    match number {
        Some(number) if !range.contains(&number) => {
            let bounds = match (range.start(), range.end()) {
                (least, &f64::MAX) => format!("at least {least}"),
                (least, most) => format!("from {least} to {most}"),
            };
            Err(ApiError::invalid(field, format!("must be {bounds}, and is {number}")))
        }
        number => Ok(number),
    }
}
