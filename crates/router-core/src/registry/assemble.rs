//! From the entries of all files to models: overriding, defaults, and the checks that need a whole model.

use std::collections::HashMap;

use crate::capability::{Capabilities, Capability};
use crate::id::ModelId;
use crate::model::{Model, SpeedPrior};
use crate::prompt_type::{PerType, PromptType};
use crate::registry::draft::{CapabilitiesDraft, Draft, with_tools};
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Placed, Report};
use crate::registry::quality_field;
use crate::usage::Tokens;

/// What nearly every model can write; one that can write more says so.
const DEFAULT_MAX_OUTPUT: u64 = 4096;

/// What is believed of a model's speed of which nothing was said: an ordinary hosted model.
const DEFAULT_SPEED: SpeedPrior = SpeedPrior { first_token_seconds: 1.0, tokens_per_second: 50.0 };

/// What a model can do of which nothing was said: text in, text out, at a temperature.
fn default_capabilities() -> Capabilities {
    Capabilities::default().with(Capability::SamplingParameters)
}

/// Lays the entries of later files over those of earlier ones. A model keeps the position of its first entry.
pub(super) fn override_earlier(entries: Vec<Draft>, report: &mut Report) -> Vec<Draft> {
    let mut merged: Vec<Draft> = Vec::with_capacity(entries.len());
    let mut positions: HashMap<ModelId, usize> = HashMap::new();
    for entry in entries {
        let id = entry.id.value.clone();
        let Some(earlier) = positions.get(&id).and_then(|&position| merged.get_mut(position)) else {
            positions.insert(id, merged.len());
            merged.push(entry);
            continue;
        };
        if earlier.id.place.file == entry.id.place.file {
            report.about(Some(id.to_string()));
            let problem = RegistryProblem::DuplicateId { first_line: earlier.id.place.line };
            report.add(entry.id.place, Some("id".to_owned()), problem);
            report.about(None);
        } else {
            *earlier = entry.over(earlier.clone());
        }
    }
    merged
}

/// The model that a merged entry describes; `None` if something is wrong or missing, which is then reported.
pub(super) fn model(draft: Draft, report: &mut Report) -> Option<Model> {
    report.about(Some(draft.id.value.to_string()));
    let place = draft.id.place;
    let mut missing = |field: &str, what| report.add(place, Some(field.to_owned()), RegistryProblem::Missing(what));
    if draft.provider.is_none() {
        missing("provider", "the provider instance that serves the model");
    }
    if draft.context_tokens.is_none() {
        missing("contextTokens", "the longest prompt and answer together, in tokens");
    }
    let supported = draft.supported_types.unwrap_or(PerType([true; PromptType::COUNT]));
    let quality = quality_field::priors(draft.quality.as_ref(), &supported, report);
    let context = draft.context_tokens.flatten()?;
    let max_output = max_output(draft.max_output_tokens.as_ref(), &context, report);
    report.about(None);
    let id = draft.id.value;
    Some(Model {
        name: draft.name.unwrap_or_else(|| id.to_string()),
        provider: draft.provider.flatten()?,
        upstream_name: draft.upstream_name.unwrap_or_else(|| id.to_string()),
        description: draft.description.unwrap_or_default(),
        same_as: draft.same_as,
        price: draft.price.flatten(),
        context_tokens: Tokens(context.value),
        max_output_tokens: Tokens(max_output),
        speed: draft.speed.unwrap_or(DEFAULT_SPEED),
        quality,
        quality_source: draft.quality.map(|quality| quality.source).unwrap_or_default(),
        capabilities: match draft.capabilities {
            Some(CapabilitiesDraft::Are(known)) => known,
            Some(CapabilitiesDraft::Tools(tools)) => with_tools(default_capabilities(), tools),
            None => default_capabilities(),
        },
        is_active: draft.is_active.unwrap_or(true),
        priority: draft.priority.unwrap_or(0),
        failover_order: draft.failover_order.unwrap_or_default().into_iter().map(|target| target.value).collect(),
        deadlines: draft.deadlines.unwrap_or_default(),
        shutdown_date: draft.shutdown_date,
        id,
    })
}

/// The longest answer, which has to fit into the context. Of two files that disagree, the later one is to blame.
fn max_output(output: Option<&Placed<u64>>, context: &Placed<u64>, report: &mut Report) -> u64 {
    let Some(output) = output else { return DEFAULT_MAX_OUTPUT.min(context.value) };
    if output.value > context.value {
        let (place, field) = if context.place.file > output.place.file {
            (context.place, "contextTokens")
        } else {
            (output.place, "maxOutputTokens")
        };
        let problem = RegistryProblem::OutputLargerThanContext { output: output.value, context: context.value };
        report.add(place, Some(field.to_owned()), problem);
    }
    output.value
}
