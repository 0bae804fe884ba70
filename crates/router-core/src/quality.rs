//! What is expected of each model on each type of prompt: the prior of the catalogue, or what was learned since.

use serde::{Deserialize, Serialize};

use crate::model::QualityPrior;
use crate::prompt_type::PerType;
use crate::registry::Registry;

/// Where a quality figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum QualityOrigin {
    /// Published benchmarks, in the catalogue.
    Benchmark,
    /// Nobody measured it: the average of its price tier, wide.
    #[default]
    Unmeasured,
    /// Learned from outcomes and feedback.
    Learned,
}

/// Expected quality of one model on one prompt type.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QualityFigure {
    /// Expected quality in [0, 1].
    pub mean: f32,
    /// Standard deviation of that belief.
    pub deviation: f32,
    /// Where it comes from.
    pub origin: QualityOrigin,
}

/// Expected quality per model and prompt type, by the position of the model in the [`Registry`] it was made for.
/// Published whole by whoever learns, read by every decision.
#[derive(Debug, Clone, Default)]
pub struct QualityTable {
    rows: Vec<PerType<Option<QualityFigure>>>,
}

impl QualityTable {
    /// The priors of the catalogue.
    #[must_use]
    pub fn from_priors(registry: &Registry) -> Self {
        let figure = |prior: &QualityPrior| QualityFigure {
            mean: prior.mean,
            deviation: prior.deviation,
            origin: if prior.measured { QualityOrigin::Benchmark } else { QualityOrigin::Unmeasured },
        };
        let rows = registry
            .models()
            .iter()
            .map(|model| PerType(model.quality.0.each_ref().map(|prior| prior.as_ref().map(figure))));
        Self { rows: rows.collect() }
    }

    /// What is expected of the model at `position` of the registry; `None` for a type it does not support.
    #[must_use]
    pub fn row(&self, position: usize) -> Option<&PerType<Option<QualityFigure>>> {
        self.rows.get(position)
    }
}
