//! The words for why a model stopped.

use router_core::finish::FinishReason;

/// The reason by its name here; `None` for a name that does not say that the answer is whole.
///
/// Beside OpenAI's own: vLLM and Mistral (`model_length`), text-generation servers (`eos`, `eos_token`), and gateways that
/// let Anthropic's or Google's words through.
pub(super) fn finish_reason(name: &str) -> Option<FinishReason> {
    Some(match name {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "STOP" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "refusal" | "SAFETY" => FinishReason::ContentFilter,
        _ => return None,
    })
}
