//! How hard to think, in Anthropic's words.

use router_core::capability::Capability;
use router_core::conversation::{Content, Conversation, Effort, Role, ToolChoice};

use super::model_rules::{always_thinks, effort_level, takes_budget};
use super::request::Thinking;
use crate::call::Call;
use crate::encoded::Dropped;
use crate::loss_table::listed;

/// The smallest budget the API takes; it must also be below `max_tokens`.
const SMALLEST_BUDGET: u64 = 1_024;

/// What to write for an effort.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<Effort>,
}

/// Turns an effort into `thinking` and `output_config.effort`. An effort that is not asked for leaves the model's default.
pub(super) fn plan(call: &Call<'_>, max_tokens: u64, dropped: &mut Dropped) -> Plan {
    let Some(wanted) = call.conversation.effort else { return Plan::default() };
    let model = call.model.upstream_name.as_str();
    if !call.model.capabilities.has(Capability::Reasoning) {
        if wanted != Effort::None {
            dropped.note(listed!("effort"));
        }
        return Plan::default();
    }
    if takes_budget(model) {
        let thinking = budget(wanted, max_tokens).filter(|_| may_be_switched_on(call.conversation));
        if thinking.is_none() && wanted != Effort::None {
            dropped.note(listed!("effort"));
        }
        return Plan { thinking, effort: None };
    }
    if wanted == Effort::None && !always_thinks(model) {
        return Plan { thinking: Some(Thinking::Disabled), effort: None };
    }
    let level = effort_level(model, wanted);
    if level != wanted {
        dropped.note(listed!("effort"));
    }
    let thinking = (!forces_tools(call.conversation)).then_some(Thinking::Adaptive { display: "summarized" });
    Plan { thinking, effort: Some(level) }
}

/// The budgets that are in common use for these words.
pub(super) fn budget(wanted: Effort, max_tokens: u64) -> Option<Thinking> {
    let tokens: u64 = match wanted {
        Effort::None => return None,
        Effort::Minimal | Effort::Low => SMALLEST_BUDGET,
        Effort::Medium => 2_048,
        Effort::High => 4_096,
        Effort::Xhigh => 8_192,
        Effort::Max => 16_384,
    };
    (max_tokens > SMALLEST_BUDGET).then(|| Thinking::Enabled { budget_tokens: tokens.min(max_tokens - 1) })
}

/// With a budget the API refuses forced tools, a prefilled answer, and a tool loop that began without thinking.
fn may_be_switched_on(asked: &Conversation) -> bool {
    let last_said = asked.messages.iter().rev().find(|message| message.role == Role::Assistant);
    let prefilled = asked.messages.last().is_some_and(|last| last.role == Role::Assistant);
    let unthinking_loop = last_said.is_some_and(|message| {
        let calls = message.parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
        let first_thinks = message.parts.first().is_some_and(|part| {
            matches!(part.content, Content::Reasoning { signature: Some(_), .. } | Content::RedactedReasoning(_))
        });
        calls && !first_thinks
    });
    !forces_tools(asked) && !prefilled && !unthinking_loop
}

fn forces_tools(asked: &Conversation) -> bool {
    matches!(asked.tool_choice, ToolChoice::Required | ToolChoice::Named(_))
}
