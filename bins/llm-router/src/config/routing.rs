//! `[models]` and `[routing]`: what there is to choose from, and what matters where a caller does not say.

use std::path::PathBuf;

use router_core::preferences::{Preferences, Target, Weights};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which models there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Models {
    /// Whether the catalogue that comes with the program is used.
    pub shipped: bool,
    /// Further catalogues, read in this order: a later one changes models of an earlier one.
    pub files: Vec<PathBuf>,
}

impl Default for Models {
    fn default() -> Self {
        Self { shipped: true, files: Vec::new() }
    }
}

/// What matters where a caller does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// What decides among the models that pass the caller's constraints.
    pub target: Target,
    /// Weight of being cheap; only the ratios of the three count.
    pub cost_weight: f64,
    /// Weight of being fast.
    pub latency_weight: f64,
    /// Weight of being good.
    pub quality_weight: f64,
}

impl Default for Routing {
    fn default() -> Self {
        let Weights { cost, latency, quality } = Weights::default();
        Self { target: Target::default(), cost_weight: cost, latency_weight: latency, quality_weight: quality }
    }
}

impl Routing {
    /// The preferences of a caller who has none.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        let weights = Weights { cost: self.cost_weight, latency: self.latency_weight, quality: self.quality_weight };
        Preferences { weights, target: self.target, ..Preferences::default() }
    }
}
