//! What the caller wants of the choice.

use serde::{Deserialize, Serialize};

use crate::id::ModelId;
use crate::prompt_type::PromptType;
use crate::usd::Usd;

/// What matters how much: any finite, non-negative numbers. Only their ratios count; all zero means all equal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Weights {
    /// Of being cheap.
    #[serde(rename = "costWeight")]
    pub cost: f64,
    /// Of being fast.
    #[serde(rename = "latencyWeight")]
    pub latency: f64,
    /// Of being good.
    #[serde(rename = "qualityWeight")]
    pub quality: f64,
}

impl Default for Weights {
    /// The original product's example: a little more for quality than for cost and latency.
    fn default() -> Self {
        Self { cost: 0.3, latency: 0.3, quality: 0.4 }
    }
}

impl Weights {
    /// Scaled to sum to 1. All zero (or nothing finite and positive among them) means equal weights.
    #[must_use]
    pub fn normalised(self) -> Self {
        let clean = |weight: f64| if weight.is_finite() && weight > 0.0 { weight } else { 0.0 };
        let (cost, latency, quality) = (clean(self.cost), clean(self.latency), clean(self.quality));
        // Scaled by the largest first, so that three weights near f64::MAX do not sum to infinity.
        let largest = cost.max(latency).max(quality);
        if largest == 0.0 {
            return Self { cost: 1.0 / 3.0, latency: 1.0 / 3.0, quality: 1.0 / 3.0 };
        }
        let (cost, latency, quality) = (cost / largest, latency / largest, quality / largest);
        let sum = cost + latency + quality;
        Self { cost: cost / sum, latency: latency / sum, quality: quality / sum }
    }
}

/// What decides among the candidates that pass the constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Target {
    /// The weighted sum.
    #[default]
    Balanced,
    /// The cheapest (meant with `minQuality`).
    Cheapest,
    /// The best (meant with `maxCostUsd` or `maxLatencyMs`).
    Best,
    /// The fastest.
    Fastest,
}

/// What the caller wants of the choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preferences {
    /// What matters how much, under [`Target::Balanced`].
    pub weights: Weights,
    /// What decides.
    pub target: Target,
    /// No model below this expected quality, not even as a fallback. In [0, 1].
    pub min_quality: Option<f64>,
    /// No model whose expected cost is above this; excludes unpriced models.
    pub max_cost: Option<Usd>,
    /// No model whose expected latency for the whole answer is above this, in seconds.
    pub max_latency_seconds: Option<f64>,
    /// This model first, whatever its utility; the others are its fallbacks.
    pub model: Option<ModelId>,
    /// Whether models other than [`Preferences::model`] may answer when it cannot.
    pub fallbacks: bool,
    /// The type of the prompt, where the caller knows it better than the classifier.
    pub prompt_type: Option<PromptType>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            target: Target::default(),
            min_quality: None,
            max_cost: None,
            max_latency_seconds: None,
            model: None,
            fallbacks: true,
            prompt_type: None,
        }
    }
}
