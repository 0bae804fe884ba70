//! A model of the registry.

use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;

use crate::capability::Capabilities;
use crate::id::{ModelId, ProviderId};
use crate::price::{Cost, Price};
use crate::prompt_type::PerType;
use crate::usage::{Tokens, Usage};

/// What we believe of a model's speed before we have measured it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpeedPrior {
    /// Seconds to the first token.
    pub first_token_seconds: f32,
    /// Output tokens per second after it.
    pub tokens_per_second: f32,
}

/// What we believe of a model's quality on one type of prompt before we have measured it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityPrior {
    /// Expected quality in [0, 1].
    pub mean: f32,
    /// Standard deviation of that belief.
    pub deviation: f32,
    /// Whether somebody measured it; else it is a guess from its price, or from nothing.
    pub measured: bool,
}

/// How long to wait for a model, where it differs from what is configured for all of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelDeadlines {
    /// For the first delta of a stream.
    pub first_event: Option<Duration>,
    /// Between two events of a stream.
    pub idle: Option<Duration>,
    /// For a whole answer that is not streamed.
    pub answer: Option<Duration>,
}

/// A model of the registry: what it is called, what it can do, what it costs, what we expect of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// As callers name it.
    pub id: ModelId,
    /// As people read it.
    pub name: String,
    /// The configured provider instance that serves it.
    pub provider: ProviderId,
    /// As the provider names it.
    pub upstream_name: String,
    /// One line for people.
    pub description: String,
    /// The same weights under another id (another provider) carry the same name here: failover prefers them.
    pub same_as: Option<String>,
    /// `None` is unpriced: not free.
    pub price: Option<Price>,
    /// The longest prompt and answer together.
    pub context_tokens: Tokens,
    /// The longest answer.
    pub max_output_tokens: Tokens,
    /// Expected speed.
    pub speed: SpeedPrior,
    /// Expected quality per prompt type; a type the model does not support has none.
    pub quality: PerType<Option<QualityPrior>>,
    /// Where the quality figures come from.
    pub quality_source: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Offered at all.
    pub is_active: bool,
    /// Breaks ties: higher first.
    pub priority: i32,
    /// What to try when this model fails, before the rest of the plan.
    pub failover_order: Vec<ModelId>,
    /// How long to wait for it.
    pub deadlines: ModelDeadlines,
    /// The day the provider shuts it down; excluded from that day on.
    pub shutdown_date: Option<Date>,
}

impl Model {
    /// What `usage` costs at this model.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Cost {
        self.price.as_ref().map_or(Cost::Unpriced, |price| price.cost(usage))
    }
}
