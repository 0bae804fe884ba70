//! Who is not a candidate, and why: the first reason found, with its figures.

use jiff::civil::Date;

use crate::capability::Capabilities;
use crate::decision::{Factors, Situation};
use crate::exclusion::Exclusion;
use crate::model::Model;
use crate::preferences::Preferences;
use crate::prompt_type::{PerType, PromptType};
use crate::quality::QualityFigure;
use crate::usage::Tokens;

/// Qualities and probabilities are `f32`: a model of exactly the quality asked for must not miss it in the seventh digit.
const ROUNDING: f64 = 1e-6;

/// What a prompt cannot do without, found once per decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Requirements {
    /// What the model must be able to do.
    pub(crate) needs: Capabilities,
    /// Estimated input tokens.
    pub(crate) input: Tokens,
    /// Room that the answer needs in the context window: the caller's limit, else what is expected.
    pub(crate) answer: Tokens,
    /// The caller's limit on output.
    pub(crate) max_output: Option<Tokens>,
    /// The type the model must support: declared by the caller, or likelier than all others together.
    pub(crate) prompt_type: Option<PromptType>,
}

/// What can be said before anything is computed of the model, in the order in which reasons stop mattering: what the model
/// is, what it can do, and last what is true of it only now.
pub(crate) fn before_scoring(
    model: &Model,
    quality: &PerType<Option<QualityFigure>>,
    requirements: &Requirements,
    preferences: &Preferences,
    situation: &Situation<'_>,
) -> Option<Exclusion> {
    retired(model, situation.today)
        .or_else(|| not_requested(model, preferences))
        .or_else(|| incapable(model, requirements))
        .or_else(|| unsupported(model, quality, requirements, preferences))
        .or_else(|| (situation.barred)(model))
}

/// What the caller's constraints say of the figures. They hold for fallbacks and for a model asked for by name, too.
pub(crate) fn after_scoring(factors: &Factors, preferences: &Preferences) -> Option<Exclusion> {
    if let Some(required) = preferences.min_quality
        && factors.quality < required - ROUNDING
    {
        return Some(Exclusion::BelowMinQuality { expected: factors.quality, required });
    }
    if let Some(allowed) = preferences.max_cost {
        let Some(expected) = factors.cost.usd() else { return Some(Exclusion::Unpriced) };
        if expected > allowed {
            return Some(Exclusion::AboveMaxCost { expected_usd: expected.dollars(), allowed_usd: allowed.dollars() });
        }
    }
    if let Some(allowed_seconds) = preferences.max_latency_seconds
        && factors.latency_seconds > allowed_seconds
    {
        return Some(Exclusion::AboveMaxLatency { expected_seconds: factors.latency_seconds, allowed_seconds });
    }
    None
}

fn retired(model: &Model, today: Date) -> Option<Exclusion> {
    if !model.is_active {
        return Some(Exclusion::Inactive);
    }
    model.shutdown_date.filter(|&since| since <= today).map(|since| Exclusion::ShutDown { since })
}

fn not_requested(model: &Model, preferences: &Preferences) -> Option<Exclusion> {
    let requested = preferences.model.as_ref()?;
    (!preferences.fallbacks && requested != &model.id).then_some(Exclusion::NotRequested)
}

fn incapable(model: &Model, requirements: &Requirements) -> Option<Exclusion> {
    if let Some(capability) = model.capabilities.lacks(requirements.needs) {
        return Some(Exclusion::Lacks { capability });
    }
    let needed = requirements.input + requirements.answer;
    if needed > model.context_tokens {
        return Some(Exclusion::ContextTooSmall { needed, available: model.context_tokens });
    }
    let needed = requirements.max_output?;
    (needed > model.max_output_tokens)
        .then_some(Exclusion::OutputTooLong { needed, available: model.max_output_tokens })
}

/// A guess of ours does not overrule a caller who asks for this model by name; their own word about the type does.
fn unsupported(
    model: &Model,
    quality: &PerType<Option<QualityFigure>>,
    requirements: &Requirements,
    preferences: &Preferences,
) -> Option<Exclusion> {
    let prompt_type = requirements.prompt_type?;
    let asked_for = preferences.model.as_ref() == Some(&model.id);
    let excluded = quality.get(prompt_type).is_none() && (!asked_for || preferences.prompt_type.is_some());
    excluded.then_some(Exclusion::UnsupportedPromptType { prompt_type })
}
