//! What callers of OpenAI's API call a model: an id of the registry, a provider's own name, or what is to be chosen by.

use router_core::id::ModelId;
use router_core::model::Model;
use router_core::preferences::{Preferences, Target, Weights};
use router_core::principal::Principal;
use router_engine::snapshot::Snapshot;

use crate::error::ApiError;
use crate::nearest::nearest;

/// Names for "whichever is best", and by which weights. One of the three factors leads, and the others still count: the
/// cheapest model that is no good, or the best one that takes a minute, is seldom what is meant.
pub(super) const ALIASES: [(&str, Option<Weights>); 4] = [
    // As the server is configured.
    ("auto", None),
    ("auto:cost", Some(Weights { cost: 0.7, latency: 0.1, quality: 0.2 })),
    ("auto:quality", Some(Weights { cost: 0.1, latency: 0.1, quality: 0.8 })),
    ("auto:fast", Some(Weights { cost: 0.1, latency: 0.7, quality: 0.2 })),
];

/// The preferences of a caller who asks for the model `name`, over `preferences`.
pub(super) fn asked_for(
    name: &str,
    preferences: Preferences,
    snapshot: &Snapshot,
    principal: &Principal,
) -> Result<Preferences, ApiError> {
    if let Some((_, weights)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Ok(match weights {
            None => preferences,
            Some(weights) => Preferences { weights: *weights, target: Target::Balanced, model: None, ..preferences },
        });
    }
    let model = pinned(name, snapshot).ok_or_else(|| unknown(name, snapshot, principal))?;
    Ok(Preferences { model: Some(model), ..preferences })
}

/// The model of that id, or the one that a provider calls so. Several providers may call theirs the same: if these are the
/// same weights, the first one that can be asked is meant, and failover knows the others.
fn pinned(name: &str, snapshot: &Snapshot) -> Option<ModelId> {
    if let Some(model) = snapshot.registry.get(name) {
        return Some(model.id.clone());
    }
    let called_so: Vec<&Model> =
        snapshot.registry.models().iter().map(AsRef::as_ref).filter(|model| model.upstream_name == name).collect();
    let first = called_so.first()?;
    let one =
        called_so.len() == 1 || first.same_as.is_some() && called_so.iter().all(|model| model.same_as == first.same_as);
    let can_be_asked = |model: &&&Model| model.is_active && snapshot.provider(&model.provider).is_some();
    one.then(|| called_so.iter().find(can_be_asked).unwrap_or(first).id.clone())
}

/// The error for a name that nothing has.
pub(super) fn unknown(name: &str, snapshot: &Snapshot, principal: &Principal) -> ApiError {
    let models = snapshot.registry.models().iter().filter(|model| principal.may_use(model));
    let known = models.flat_map(|model| [model.id.as_str(), model.upstream_name.as_str()]);
    let known = ALIASES.iter().map(|(alias, _)| *alias).chain(known);
    let hint = nearest(name, known).map(str::to_owned);
    ApiError::UnknownModel { model: name.chars().take(100).collect(), hint }
}
