//! An answer in the shape of a chat completion, OpenAI's own or OpenRouter's.

use serde_json::{Value, json};

use crate::answer::{Answer, Content, Finish, Usage};
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
        "usage": usage(&answer.usage), "service_tier": "default", "system_fingerprint": null
    });
    if wire == Wire::OpenRouter {
        body["provider"] = json!("Simulated");
        body["service_tier"] = Value::Null;
        add_cost(&mut body["usage"], &answer.usage);
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
                        // Ids are unique within a conversation: they carry the answer's own.
                        "id": format!("call_{}_{index}_{place}", id.rsplit('-').next().unwrap_or_default()),
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
        choice["message"]["reasoning"] =
            if answer.usage.reasoning > 0 { json!("[simulated] thought") } else { Value::Null };
    } else {
        choice["message"]["annotations"] = json!([]);
    }
    choice
}

fn finish(wire: Wire, finish: &Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refusal if wire == Wire::OpenRouter => "content_filter",
        // OpenAI says only in the message that it declined.
        Finish::Refusal | Finish::Stop | Finish::StopSequence(_) => "stop",
    }
}

/// What the provider behind OpenRouter said: the simulated one speaks Anthropic's words.
fn native_finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refusal => "refusal",
    }
}

/// `prompt_tokens` includes what was read from and written to the cache; `completion_tokens` includes hidden thought.
fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(), "completion_tokens": usage.completion(),
        "total_tokens": usage.prompt() + usage.completion(),
        "prompt_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.written, "audio_tokens": 0
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
        }
    })
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
