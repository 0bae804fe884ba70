//! What targets turned out to refuse: learned from a 400 once, and remembered, so that it costs one round trip and no request.
//!
//! Catalogues say what models take, and are wrong for new models, for servers that imitate others, and on the day a provider
//! changes its mind. A refusal of one parameter is no fault of the caller's: the request is written anew without it, which
//! names it as every other loss, or is somebody else's to answer where the parameter is what was asked for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use router_core::capability::{Capabilities, Capability};
use router_core::conversation::{Role, ToolChoice};
use router_core::model::Model;

use crate::answer::CallError;
use crate::call::Call;

/// How often one attempt is written anew: a model may refuse more than one thing, and says so one at a time.
pub(crate) const MOST_REPAIRS: usize = 3;

/// The most models that something is remembered of.
const MOST_MODELS: usize = 512;

/// What an error says that refuses a parameter, whatever its value.
const REFUSALS: [&str; 9] = [
    "unsupported",
    "not supported",
    "does not support",
    "not permitted",
    "not allowed",
    "not compatible",
    "deprecated",
    "unknown parameter",
    "unrecognized",
];

/// Of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Refused {
    capabilities: Capabilities,
    /// The longest answer's field has its other name here.
    limit_name: bool,
}

/// What the models of one provider refused.
#[derive(Debug, Default)]
pub(crate) struct Experience {
    /// Whether there is anything to look for: most providers never refuse a thing.
    any: AtomicBool,
    /// By the provider's name for the model.
    refused: RwLock<HashMap<String, Refused>>,
}

impl Experience {
    /// The model of a call as it turned out to be, and whether its limit has the other name; `None` where nothing is known.
    pub(crate) fn of(&self, model: &Model) -> Option<(Model, bool)> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner).get(&model.upstream_name).copied()?;
        let left = model.capabilities.iter().filter(|&capability| !refused.capabilities.has(capability)).collect();
        Some((Model { capabilities: left, ..model.clone() }, refused.limit_name))
    }

    /// Learns from an error of a call; whether that was news, so that the request can be written otherwise.
    pub(crate) fn learn(&self, call: &Call<'_>, error: &CallError) -> bool {
        let Some(lesson) = lesson(error).filter(|lesson| lesson.is_about(call)) else { return false };
        let name = &call.model.upstream_name;
        let mut all = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_MODELS && !all.contains_key(name) {
            return false;
        }
        let known = all.entry(name.clone()).or_default();
        let before = *known;
        match lesson {
            Lesson::Lacks(capability) => {
                if call.model.capabilities.has(capability) {
                    known.capabilities = known.capabilities.with(capability);
                }
            }
            Lesson::LimitName => known.limit_name = true,
        }
        let news = *known != before;
        if news {
            self.any.store(true, Ordering::Relaxed);
            tracing::warn!(model = %call.model.id, %error, "the model refuses what its catalogue says it takes; it is not sent again");
        }
        news
    }
}

/// One attempt by `$ask`, which takes a call, of a provider that has `experience`: written anew where its model refuses what
/// nobody knew it would.
macro_rules! repaired {
    ($provider:ident, $call:ident, $ask:ident) => {{
        let mut repairs = 0;
        loop {
            let known = $provider.experience.of($call.model);
            let call = match &known {
                Some((model, limit_renamed)) => Call { model, limit_renamed: *limit_renamed, ..$call },
                None => $call,
            };
            match $provider.$ask(call).await {
                Err(error)
                    if repairs < $crate::experience::MOST_REPAIRS && $provider.experience.learn(&$call, &error) =>
                {
                    repairs += 1;
                }
                outcome => break outcome,
            }
        }
    }};
}
pub(crate) use repaired;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lesson {
    Lacks(Capability),
    LimitName,
}

impl Lesson {
    /// Whether the request holds what is refused: else it would be refused again, written as it may be.
    fn is_about(self, call: &Call<'_>) -> bool {
        let asked = call.conversation;
        match self {
            Self::Lacks(Capability::SamplingParameters) => asked.sampling.is_set(),
            Self::Lacks(Capability::Prefill) => {
                call.begun.is_some() || asked.messages.last().is_some_and(|last| last.role == Role::Assistant)
            }
            Self::Lacks(_) => matches!(asked.tool_choice, ToolChoice::Required | ToolChoice::Named(_)),
            Self::LimitName => asked.max_output.is_some(),
        }
    }
}

/// What a refusal teaches; `None` for errors of any other kind.
fn lesson(error: &CallError) -> Option<Lesson> {
    if !matches!(error.status, Some(400 | 422)) {
        return None;
    }
    let said = error.message.to_lowercase();
    if said.contains("max_tokens") && said.contains("max_completion_tokens") {
        return Some(Lesson::LimitName);
    }
    // Said in so many ways that the word alone has to do.
    if said.contains("prefill") {
        return Some(Lesson::Lacks(Capability::Prefill));
    }
    if !REFUSALS.iter().any(|words| said.contains(words)) && !said.contains("extra inputs") {
        return None;
    }
    let names = |word: &str| said.contains(word);
    if names("temperature") || names("top_p") || names("top_k") {
        return Some(Lesson::Lacks(Capability::SamplingParameters));
    }
    names("tool_choice").then_some(Lesson::Lacks(Capability::ForcedTools))
}

#[cfg(test)]
mod tests {
    use router_core::error_kind::ErrorKind;

    use super::*;

    fn taught(status: u16, message: &str) -> Option<Lesson> {
        lesson(&CallError { status: Some(status), ..CallError::new(ErrorKind::InvalidRequest, message) })
    }

    #[test]
    fn refusals_of_parameters_are_told_from_other_errors() {
        use Capability::{ForcedTools, Prefill, SamplingParameters};
        for (message, lesson) in [
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                Some(Lesson::LimitName),
            ),
            (
                "Unsupported parameter: 'temperature' is not supported with this model.",
                Some(Lesson::Lacks(SamplingParameters)),
            ),
            (
                "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
                Some(Lesson::Lacks(SamplingParameters)),
            ),
            ("top_p: Extra inputs are not permitted", Some(Lesson::Lacks(SamplingParameters))),
            ("`temperature` is deprecated for this model.", Some(Lesson::Lacks(SamplingParameters))),
            ("tool_choice: forcing a tool is not supported by this model", Some(Lesson::Lacks(ForcedTools))),
            ("This model does not support assistant message prefill.", Some(Lesson::Lacks(Prefill))),
            ("temperature: Input should be less than or equal to 1", None),
            ("max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens", None),
            ("messages: roles must alternate", None),
        ] {
            assert_eq!(taught(400, message), lesson, "{message}");
        }
        assert_eq!(taught(500, "'temperature' is not supported"), None);
    }
}
