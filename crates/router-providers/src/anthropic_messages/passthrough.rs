//! The caller's own bytes as a request, for a caller and a model that both speak this dialect.
//!
//! A closed list of edits, each made only where it changes something: what the caller wrote and the target takes is sent byte
//! for byte, whether or not anyone here knows what it means.

use router_core::capability::Capability;
use router_core::conversation::Effort;
use router_core::raw_json::RawJson;
use serde_json::{Map, Value, json};

use super::inbound_thinking::of_budget;
use super::model_rules::{always_thinks, effort_level, refuses_budget, takes_budget};
use super::thinking::budget;
use super::version::{BETA_HEADER, VERSION, VERSION_HEADER, VERSION_WITH_SAMPLING};
use crate::answer::CallError;
use crate::call::Call;
use crate::edits::{self, Edits};
use crate::encoded::Encoded;
use crate::needs;
use crate::original::Original;
use crate::splice::Edit;

/// Fields that name other models to answer: whom to ask is decided here, by what the caller may use and pay for.
const CHOOSERS: [&str; 2] = ["fallbacks", "fallback_credit_token"];

/// How tokens are drawn.
const SAMPLING: [&str; 3] = ["temperature", "top_p", "top_k"];

/// How hard a model thinks where it is asked to and not told how hard.
const USUAL_EFFORT: Effort = Effort::High;

/// Writes the request.
///
/// # Errors
/// [`Unsupported`](router_core::error_kind::ErrorKind::Unsupported) for what this model cannot be sent;
/// [`InvalidRequest`](router_core::error_kind::ErrorKind::InvalidRequest) for bytes that cannot be edited.
pub fn pass_through(call: &Call<'_>, original: &Original) -> Result<Encoded, CallError> {
    needs::check(call)?;
    let object = edits::object(&original.body)?;
    let mut edits = Edits::of(&object);
    for member in original.ours {
        edits.remove(member);
    }
    for member in CHOOSERS {
        edits.remove_given(member);
    }
    edits.set("model", json!(call.model.upstream_name));
    limit(call, &mut edits);
    if edits.given("stream") == Some("true") || call.streamed {
        edits.set("stream", json!(call.streamed));
    }
    thinking(call, &mut edits);
    let samples = sampling(call, &mut edits);
    let (body, changed) = edits.finish()?;
    Ok(Encoded { body, headers: headers(original, samples), dropped: Vec::new(), changed })
}

/// The longest answer, no longer than the model gives. 0 only fills the prompt cache.
fn limit(call: &Call<'_>, edits: &mut Edits<'_>) {
    let most = call.model.max_output_tokens.0;
    let wanted = edits.value("max_tokens").and_then(|wanted| wanted.as_u64()).unwrap_or(0);
    if most > 0 && wanted > most {
        edits.set("max_tokens", json!(most));
    }
    // A strict budget gives a request less than it asks for.
    let allowed = call.conversation.max_output.map_or(wanted, |allowed| allowed.0);
    if allowed > 0 && allowed < wanted.min(if most == 0 { u64::MAX } else { most }) {
        edits.set("max_tokens", json!(allowed));
    }
}

/// Takes out what the model refuses; whether anything of it is left.
fn sampling(call: &Call<'_>, edits: &mut Edits<'_>) -> bool {
    let taken = call.model.capabilities.has(Capability::SamplingParameters);
    let mut left = false;
    for member in SAMPLING {
        left |= taken && edits.given(member).is_some();
        if !taken {
            edits.remove_given(member);
        }
    }
    left
}

/// How hard to think, in the words that the model knows.
fn thinking(call: &Call<'_>, edits: &mut Edits<'_>) {
    let model = call.model.upstream_name.as_str();
    if !call.model.capabilities.has(Capability::Reasoning) {
        edits.remove_given("thinking");
        effort(edits, None);
        return;
    }
    let asked = edits.value("thinking").unwrap_or_default();
    let level = edits.value("output_config").and_then(|config| level_of(&config));
    match asked["type"].as_str() {
        Some("disabled") if always_thinks(model) => edits.remove("thinking"),
        Some("enabled") if refuses_budget(model) => {
            let tokens = asked["budget_tokens"].as_u64().unwrap_or_default();
            let display = asked.get("display").cloned().unwrap_or_else(|| json!("summarized"));
            edits.set("thinking", json!({"type": "adaptive", "display": display}));
            if level.is_none() {
                effort(edits, Some(effort_level(model, of_budget(tokens))));
                return;
            }
        }
        Some("adaptive" | "between_tools") if takes_budget(model) => {
            let most = call.conversation.max_output.map_or(call.model.max_output_tokens.0, |most| most.0);
            match budget(level.unwrap_or(USUAL_EFFORT), most) {
                Some(thinking) => edits.set("thinking", json!(thinking)),
                None => edits.remove("thinking"),
            }
        }
        _ => {}
    }
    match level {
        Some(_) if takes_budget(model) => effort(edits, None),
        Some(level) => effort(edits, Some(effort_level(model, level))),
        None => {}
    }
}

fn level_of(config: &Value) -> Option<Effort> {
    serde_json::from_value(config.get("effort")?.clone()).ok()
}

/// Sets the level in `output_config`, or takes it out.
fn effort(edits: &mut Edits<'_>, level: Option<Effort>) {
    let config = edits.value("output_config");
    if let Some(level) = level {
        if config.as_ref().and_then(level_of) != Some(level) {
            let value = RawJson::of(&level);
            edits.change("output_config.effort", Edit::SetWithin { member: "output_config", inner: "effort", value });
        }
        return;
    }
    let Some(Value::Object(mut config)) = config else { return };
    if config.shift_remove("effort").is_none() {
        return;
    }
    if config == Map::new() {
        edits.remove("output_config");
    } else {
        let value = RawJson::of(&config);
        edits.change("output_config.effort", Edit::Set { member: "output_config", value });
    }
}

/// The version that the caller wrote for, unless it refuses what the model takes; and the betas they asked for.
fn headers(original: &Original, samples: bool) -> Vec<(&'static str, String)> {
    let given = |name: &str| original.headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value.clone());
    let asked = given(VERSION_HEADER).unwrap_or_else(|| VERSION.to_owned());
    let version = if samples { VERSION_WITH_SAMPLING.to_owned() } else { asked };
    let beta = given(BETA_HEADER).map(|beta| (BETA_HEADER, beta));
    std::iter::once((VERSION_HEADER, version)).chain(beta).collect()
}
