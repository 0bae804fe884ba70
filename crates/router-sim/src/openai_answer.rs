//! An answer in the shape of a chat completion, OpenAI's own or OpenRouter's.

use serde_json::{Value, json};

use crate::answer::{Answer, Content, Finish, SIGNATURE, Usage, thought};
use crate::wire::Wire;

/// What the simulator charges on OpenRouter's wire, in USD per token.
const PROMPT_PRICE: f64 = 0.000_001;
/// See [`PROMPT_PRICE`].
const COMPLETION_PRICE: f64 = 0.000_004;

/// The body of a chat completion.
pub(crate) fn body(wire: Wire, model: &str, id: &str, created: i64, choices: u64, answer: &Answer) -> Value {
    let choices: Vec<_> = (0..choices).map(|index| choice(wire, id, index, answer)).collect();
    let mut body = json!({
        "id": id, "object": "chat.completion", "created": created, "model": model, "choices": choices,
        "usage": usage(wire, &answer.usage), "service_tier": "default", "system_fingerprint": null
    });
    if wire == Wire::OpenRouter {
        body["provider"] = json!("Simulated");
        body["service_tier"] = Value::Null;
    }
    body
}

fn choice(wire: Wire, id: &str, index: u64, answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    match &answer.content {
        Content::Text(text) => message["content"] = json!(text),
        Content::Refusal(text) => message["refusal"] = json!(text),
        Content::Calls(calls) => {
            let calls: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(place, call)| {
                    json!({
                        "id": call_id(id, index, place),
                        "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments.to_string()}
                    })
                })
                .collect();
            message["tool_calls"] = json!(calls);
        }
    }
    let mut choice =
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish(wire, &answer.finish)});
    if wire == Wire::OpenRouter {
        choice["native_finish_reason"] = json!(native_finish(&answer.finish));
        choice["message"]["reasoning"] = Value::Null;
        if answer.usage.reasoning > 0 {
            let thought = thought(answer.usage.reasoning);
            choice["message"]["reasoning_details"] = json!([{"type": "reasoning.text", "text": thought, "signature": SIGNATURE, "format": null, "index": 0}]);
            choice["message"]["reasoning"] = json!(thought);
        }
    } else {
        choice["message"]["annotations"] = json!([]);
    }
    choice
}

/// Unique within a conversation: it carries the answer's own.
pub(crate) fn call_id(answer_id: &str, choice: u64, place: usize) -> String {
    format!("call_{}_{choice}_{place}", answer_id.rsplit('-').next().unwrap_or_default())
}

pub(crate) fn finish(wire: Wire, finish: &Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refusal if wire == Wire::OpenRouter => "content_filter",
        // OpenAI says only in the message that it declined.
        Finish::Refusal | Finish::Stop | Finish::StopSequence(_) => "stop",
    }
}

/// What the provider behind OpenRouter said: the simulated one speaks Anthropic's words.
pub(crate) fn native_finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refusal => "refusal",
    }
}

/// `prompt_tokens` includes what was read from and written to the cache; `completion_tokens` includes hidden thought.
pub(crate) fn usage(wire: Wire, usage: &Usage) -> Value {
    let mut body = json!({
        "prompt_tokens": usage.prompt(), "completion_tokens": usage.completion(),
        "total_tokens": usage.prompt() + usage.completion(),
        "prompt_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.written, "audio_tokens": 0
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
        }
    });
    if wire == Wire::OpenRouter {
        add_cost(&mut body, usage);
    }
    body
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn add_cost(body: &mut Value, usage: &Usage) {
    let prompt = usage.prompt() as f64 * PROMPT_PRICE;
    let completion = usage.completion() as f64 * COMPLETION_PRICE;
    body["cost"] = json!(prompt + completion);
    body["is_byok"] = json!(false);
    body["cost_details"] = json!({
        "upstream_inference_cost": prompt + completion,
        "upstream_inference_prompt_cost": prompt,
        "upstream_inference_completions_cost": completion
    });
}
