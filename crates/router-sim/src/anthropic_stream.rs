//! A stream in the events of a message.

use serde_json::{Value, json};

use crate::answer::SIGNATURE;
use crate::anthropic_answer::{call_id, end, usage};
use crate::part::{Block, Delta, Part};
use crate::sse::Event;
use crate::stream::Told;

/// The events of one part.
pub(crate) fn events(told: &Told, part: &Part) -> Vec<Event> {
    match part {
        Part::Start => vec![start(told)],
        Part::Open(block) => open(told, block),
        Part::Delta(Delta { text, .. }) => vec![delta(told, text)],
        Part::Close => {
            let signature = (told.open == Some(Block::Thought))
                .then(|| block_delta(told, &json!({"type": "signature_delta", "signature": SIGNATURE})));
            let stop = event(told, "content_block_stop", json!({"index": told.index}));
            signature.into_iter().chain([stop]).collect()
        }
        Part::Finish => vec![message_delta(told, end(&told.answer.content, &told.answer.finish))],
        // Only where a fault brings it forward.
        Part::Usage => vec![message_delta(told, [("stop_reason", Value::Null), ("stop_sequence", Value::Null)])],
        Part::Done => vec![event(told, "message_stop", json!({}))],
        Part::Error => vec![Event::Data { name: Some("error"), data: told.error.to_string() }],
        Part::Malformed => {
            let data = format!("{{\"type\":\"content_block_delta\",\"index\":{},\"del", told.index);
            vec![Event::Data { name: Some("content_block_delta"), data }]
        }
        Part::Unknown => vec![event(told, "simulated_notice", json!({"notice": {"level": "info"}}))],
        Part::Comment => vec![Event::Comment("keep-alive"), ping(), Event::Comment("keep-alive"), ping()],
        Part::Wait(_) | Part::Stall | Part::Cut | Part::Reset => Vec::new(),
    }
}

fn start(told: &Told) -> Event {
    let mut usage = usage(&told.answer.usage);
    // What is written when it begins.
    usage["output_tokens"] = json!(1);
    if let Some(usage) = usage.as_object_mut() {
        usage.remove("output_tokens_details");
    }
    let message = json!({
        "id": told.id, "type": "message", "role": "assistant", "model": told.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "stop_details": null, "usage": usage
    });
    event(told, "message_start", json!({"message": message}))
}

/// The first block is followed by a ping, a call by an empty piece of its arguments.
fn open(told: &Told, block: &Block) -> Vec<Event> {
    let content_block = match block {
        Block::Thought => json!({"type": "thinking", "thinking": "", "signature": ""}),
        Block::Text | Block::Refusal => json!({"type": "text", "text": ""}),
        Block::Call { place, name } => json!({
            "type": "tool_use", "id": call_id(&told.id, *place), "name": name, "input": {},
            "caller": {"type": "direct"}
        }),
    };
    let opening = json!({"index": told.index, "content_block": content_block});
    let mut events = vec![event(told, "content_block_start", opening)];
    if told.index == 0 {
        events.push(ping());
    }
    if matches!(block, Block::Call { .. }) {
        events.push(block_delta(told, &json!({"type": "input_json_delta", "partial_json": ""})));
    }
    events
}

fn delta(told: &Told, text: &str) -> Event {
    let delta = match &told.open {
        Some(Block::Thought) => json!({"type": "thinking_delta", "thinking": text}),
        Some(Block::Call { .. }) => json!({"type": "input_json_delta", "partial_json": text}),
        _ => json!({"type": "text_delta", "text": text}),
    };
    block_delta(told, &delta)
}

fn block_delta(told: &Told, delta: &Value) -> Event {
    event(told, "content_block_delta", json!({"index": told.index, "delta": delta}))
}

/// How the message ends, and the usage of all of it.
fn message_delta(told: &Told, delta: impl IntoIterator<Item = (&'static str, Value)>) -> Event {
    let delta: serde_json::Map<_, _> = delta.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let usage = usage(&told.answer.usage);
    let mut cumulative = json!({});
    for name in [
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
    ] {
        cumulative[name] = usage[name].clone();
    }
    event(told, "message_delta", json!({"delta": delta, "usage": cumulative}))
}

/// Pings alone are not padded.
fn ping() -> Event {
    Event::Data { name: Some("ping"), data: "{\"type\": \"ping\"}".to_owned() }
}

/// An event whose data is padded by spaces before its last brace, as Anthropic's are.
fn event(told: &Told, name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    let mut data = data.to_string();
    data.pop();
    data.push_str(&" ".repeat(told.padding()));
    data.push('}');
    Event::Data { name: Some(name), data }
}
