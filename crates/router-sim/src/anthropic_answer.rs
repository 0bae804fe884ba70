//! An answer in the shape of a message.

use serde_json::{Value, json};

use crate::answer::{Answer, Content, Finish, Usage};

/// The body of a message.
pub(crate) fn body(model: &str, id: &str, answer: &Answer) -> Value {
    let (stop_reason, stop_sequence, stop_details) = match &answer.finish {
        Finish::Stop => ("end_turn", Value::Null, Value::Null),
        Finish::StopSequence(sequence) => ("stop_sequence", json!(sequence), Value::Null),
        Finish::Length => ("max_tokens", Value::Null, Value::Null),
        Finish::ToolCalls => ("tool_use", Value::Null, Value::Null),
        Finish::Refusal => ("refusal", Value::Null, refusal_details(&answer.content)),
    };
    json!({
        "id": id, "type": "message", "role": "assistant", "model": model, "content": blocks(id, answer),
        "stop_reason": stop_reason, "stop_sequence": stop_sequence, "stop_details": stop_details,
        "usage": usage(&answer.usage)
    })
}

fn blocks(id: &str, answer: &Answer) -> Vec<Value> {
    let mut blocks = Vec::new();
    if answer.usage.reasoning > 0 {
        blocks.push(json!({
            "type": "thinking", "thinking": "[simulated] thought", "signature": "c2ltdWxhdGVk"
        }));
    }
    match &answer.content {
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => blocks.push(json!({"type": "text", "text": text})),
        Content::Refusal(_) => {}
        Content::Calls(calls) => blocks.extend(calls.iter().enumerate().map(|(place, call)| {
            json!({
                "type": "tool_use", "id": format!("toolu_{}_{place}", id.trim_start_matches("msg_")),
                "name": call.name, "input": call.arguments, "caller": {"type": "direct"}
            })
        })),
    }
    blocks
}

fn refusal_details(content: &Content) -> Value {
    match content {
        Content::Refusal(text) => json!({"type": "refusal", "category": "cyber", "explanation": text}),
        _ => Value::Null,
    }
}

/// `input_tokens` excludes what was read from and written to the cache; `output_tokens` includes hidden thought.
fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.fresh,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.completion(),
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard", "inference_geo": "not_available"
    })
}
