//! What was decided, and why: the figures that the decision was computed from, not a second computation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::exclusion::Exclusion;
use crate::id::ModelId;
use crate::live::LiveFigures;
use crate::model::Model;
use crate::preferences::{Target, Weights};
use crate::price::Cost;
use crate::prompt_type::{PromptType, TypeProbabilities};
use crate::quality::{QualityOrigin, QualityTable};
use crate::registry::Registry;
use crate::usage::Tokens;

/// What is true outside the prompt at the moment of deciding.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The models.
    pub registry: &'a Registry,
    /// What is expected of them, by their position in the registry.
    pub quality: &'a QualityTable,
    /// How they behave now, by their position in the registry; shorter is "nothing seen".
    pub live: &'a [LiveFigures],
    /// Why a model cannot be asked now, whatever the prompt (no provider, not allowed for this caller, breaker open).
    pub barred: &'a dyn Fn(&Model) -> Option<Exclusion>,
    /// For shutdown dates.
    pub today: jiff::civil::Date,
    /// What one provider still holds of this conversation, where that is known.
    pub cached: Option<CachedPrompt<'a>>,
}

/// The beginning of this conversation in a provider's prompt cache: reading it there is cheaper, so staying is too.
#[derive(Debug, Clone, Copy)]
pub struct CachedPrompt<'a> {
    /// The model that answered the turn before.
    pub model: &'a ModelId,
    /// How many input tokens of this conversation it would read from the cache.
    pub input_tokens: Tokens,
}

/// A model that was not considered, and why.
#[derive(Debug, Clone)]
pub struct Excluded {
    /// The model.
    pub model: Arc<Model>,
    /// Why.
    pub exclusion: Exclusion,
}

/// The figures a candidate was judged by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Factors {
    /// Predicted quality in [0, 1], over the prompt's type probabilities.
    pub quality: f64,
    /// Standard deviation of that prediction.
    pub quality_deviation: f64,
    /// Where the quality figure of the likeliest type comes from.
    pub quality_origin: QualityOrigin,
    /// Expected output tokens, reasoning included.
    pub output_tokens: Tokens,
    /// Expected cost of one attempt.
    pub cost: Cost,
    /// Expected seconds to the last token of one attempt.
    pub latency_seconds: f64,
    /// Probability that an attempt succeeds, in [0, 1].
    pub success: f64,
    /// `quality` with the likely retry in it, in [0, 1]: 1 is best.
    pub quality_score: f64,
    /// Expected cost with the likely retry in it, on a fixed logarithmic scale, in [0, 1]: 1 is cheapest.
    pub cost_score: f64,
    /// Expected latency with the likely retry in it, on a fixed logarithmic scale, in [0, 1]: 1 is fastest.
    pub latency_score: f64,
    /// Normalised weights times scores.
    pub utility: f64,
}

/// A model that may answer.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The model.
    pub model: Arc<Model>,
    /// Its position in the registry.
    pub position: usize,
    /// The figures it was judged by.
    pub factors: Factors,
}

/// What the caller of a decision gets: whom to ask, in which order, and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The likeliest type, or the one the caller declared.
    pub prompt_type: PromptType,
    /// How likely the prompt is of each type.
    pub probabilities: TypeProbabilities,
    /// How hard it is, in [0, 1].
    pub difficulty: f64,
    /// Which classifier said so; "caller" where the type was declared.
    pub classifier: String,
    /// Estimated input tokens.
    pub input_tokens: Tokens,
    /// Expected tokens of the visible answer.
    pub output_tokens: Tokens,
    /// The weights, normalised.
    pub weights: Weights,
    /// What decided.
    pub target: Target,
    /// Candidates by falling preference (utility, or the target's own order; then priority; then registry order).
    pub ranked: Vec<Candidate>,
    /// The order to ask them in, as indices into `ranked`: the choice, the same model elsewhere, its failover order, the rest.
    /// A model asked for by name leads even where it is not a candidate: what stands in for it comes first.
    pub plan: Vec<usize>,
    /// Who is not a candidate, and why.
    pub excluded: Vec<Excluded>,
}

impl Decision {
    /// The model to ask first; `None` when no model can answer.
    #[must_use]
    pub fn choice(&self) -> Option<&Candidate> {
        self.plan.first().and_then(|&index| self.ranked.get(index))
    }

    /// The candidates in the order to ask them.
    pub fn in_plan_order(&self) -> impl Iterator<Item = &Candidate> {
        self.plan.iter().filter_map(|&index| self.ranked.get(index))
    }

    /// Why the model with that id is not a candidate; `None` if it is one, or unknown.
    #[must_use]
    pub fn exclusion(&self, id: &ModelId) -> Option<&Exclusion> {
        self.excluded.iter().find(|excluded| &excluded.model.id == id).map(|excluded| &excluded.exclusion)
    }
}
