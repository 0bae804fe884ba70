//! What can be told before anything is encoded: requests that this model, or any model, would refuse.

use router_core::capability::Capability;
use router_core::conversation::ToolChoice;
use router_core::error_kind::ErrorKind;

use crate::answer::CallError;
use crate::call::Call;
use crate::encoded::Dropped;

/// Refuses what the model cannot do, naming the capability, and what no model could do.
///
/// # Errors
/// [`ErrorKind::Unsupported`] and [`ErrorKind::InvalidRequest`].
pub(crate) fn check(call: &Call<'_>) -> Result<(), CallError> {
    let conversation = call.conversation;
    let needs = conversation.needs();
    let needs = if call.begun.is_some() { needs.with(Capability::Prefill) } else { needs };
    if let Some(missing) = call.model.capabilities.lacks(needs) {
        return Err(unsupported(&missing.to_string(), &format!("{} does not have this capability", call.model.id)));
    }
    let named = match &conversation.tool_choice {
        ToolChoice::Auto | ToolChoice::None => return Ok(()),
        ToolChoice::Required if !conversation.tools.is_empty() => return Ok(()),
        ToolChoice::Required => "the request has no tools",
        ToolChoice::Named(name) if conversation.tools.iter().any(|tool| tool.name == *name) => return Ok(()),
        ToolChoice::Named(_) => "no tool of the request has the name it asks for",
    };
    Err(CallError::new(ErrorKind::InvalidRequest, format!("tool_choice: {named}")))
}

/// Notes what of the caller's own words the conversation does not carry, for a target that gets the conversation.
///
/// # Errors
/// [`ErrorKind::Unsupported`], naming the field, for what an answer cannot do without.
pub(crate) fn note_uncarried(call: &Call<'_>, dropped: &mut Dropped) -> Result<(), CallError> {
    for lost in call.original.iter().flat_map(|original| &original.uncarried) {
        if lost.essential {
            return Err(unsupported(
                &lost.field,
                "only a provider that speaks the dialect of the request can take this",
            ));
        }
        dropped.add(&lost.field);
    }
    Ok(())
}

/// The error for a field that this target cannot take.
pub(crate) fn unsupported(field: &str, why: &str) -> CallError {
    CallError::new(ErrorKind::Unsupported, format!("{field}: {why}"))
}
