//! An answer in the shape of a message.

use serde_json::{Value, json};

use crate::answer::{Answer, Content, Finish, SIGNATURE, Usage, thought};

/// The body of a message.
pub(crate) fn body(model: &str, id: &str, answer: &Answer) -> Value {
    let mut body = json!({
        "id": id, "type": "message", "role": "assistant", "model": model, "content": blocks(id, answer),
        "usage": usage(&answer.usage)
    });
    for (name, value) in end(&answer.content, &answer.finish) {
        body[name] = value;
    }
    body
}

/// Why and how a message ended.
pub(crate) fn end(content: &Content, finish: &Finish) -> [(&'static str, Value); 3] {
    let (reason, sequence, details) = match finish {
        Finish::Stop => ("end_turn", Value::Null, Value::Null),
        Finish::StopSequence(sequence) => ("stop_sequence", json!(sequence), Value::Null),
        Finish::Length => ("max_tokens", Value::Null, Value::Null),
        Finish::ToolCalls => ("tool_use", Value::Null, Value::Null),
        Finish::Refusal => ("refusal", Value::Null, refusal_details(content)),
    };
    [("stop_reason", json!(reason)), ("stop_sequence", sequence), ("stop_details", details)]
}

/// Unique within a conversation: it carries the answer's own.
pub(crate) fn call_id(answer_id: &str, place: usize) -> String {
    format!("toolu_{}_{place}", answer_id.trim_start_matches("msg_"))
}

fn blocks(id: &str, answer: &Answer) -> Vec<Value> {
    let mut blocks = Vec::new();
    if answer.usage.reasoning > 0 {
        blocks.push(json!({
            "type": "thinking", "thinking": thought(answer.usage.reasoning), "signature": SIGNATURE
        }));
    }
    match &answer.content {
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => blocks.push(json!({"type": "text", "text": text})),
        Content::Refusal(_) => {}
        Content::Calls(calls) => blocks.extend(calls.iter().enumerate().map(|(place, call)| {
            json!({
                "type": "tool_use", "id": call_id(id, place),
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
pub(crate) fn usage(usage: &Usage) -> Value {
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
