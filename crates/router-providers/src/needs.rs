//! What can be told before anything is encoded: requests that this model, or any model, would refuse.

use router_core::conversation::ToolChoice;
use router_core::error_kind::ErrorKind;

use crate::answer::CallError;
use crate::call::Call;

/// Refuses what the model cannot do, naming the capability, and what no model could do.
///
/// # Errors
/// [`ErrorKind::Unsupported`] and [`ErrorKind::InvalidRequest`].
pub(crate) fn check(call: &Call<'_>) -> Result<(), CallError> {
    let conversation = call.conversation;
    if let Some(missing) = call.model.capabilities.lacks(conversation.needs()) {
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

/// The error for a field that this target cannot take.
pub(crate) fn unsupported(field: &str, why: &str) -> CallError {
    CallError::new(ErrorKind::Unsupported, format!("{field}: {why}"))
}
