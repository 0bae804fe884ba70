//! Deciding in a test: a registry, nothing seen, nobody barred.

use jiff::civil::date;
use router_core::classify::RuleClassifier;
use router_core::conversation::Conversation;
use router_core::decide;
use router_core::decision::{Decision, Situation};
use router_core::exclusion::Exclusion;
use router_core::live::LiveFigures;
use router_core::model::Model;
use router_core::preferences::Preferences;
use router_core::quality::QualityTable;
use router_core::registry::Registry;

/// Decides among `models` with the given live figures; `barred` are the ids that are unavailable.
pub(crate) fn decide_with(
    models: &[Model],
    live: &[LiveFigures],
    barred: &[&str],
    conversation: &Conversation,
    preferences: &Preferences,
) -> Decision {
    let registry = Registry::new(models.iter().cloned());
    let quality = QualityTable::from_priors(&registry);
    let situation = Situation {
        registry: &registry,
        quality: &quality,
        live,
        barred: &|model| barred.contains(&model.id.as_str()).then_some(Exclusion::Unavailable),
        today: date(2026, 11, 23),
        cached: None,
    };
    decide(&RuleClassifier, conversation, preferences, situation)
}

/// Decides among `models` for an everyday question.
pub(crate) fn decide_among(models: &[Model], preferences: &Preferences) -> Decision {
    decide_with(models, &[], &[], &Conversation::prompt("What is the capital of Australia?"), preferences)
}

/// The ids in the order of the plan.
pub(crate) fn plan(decision: &Decision) -> Vec<&str> {
    decision.in_plan_order().map(|candidate| candidate.model.id.as_str()).collect()
}
