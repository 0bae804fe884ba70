//! A stream in the chunks of a chat completion, OpenAI's own or OpenRouter's.

use serde_json::{Value, json};

use crate::answer::SIGNATURE;
use crate::openai_answer::{call_id, finish, native_finish, usage};
use crate::part::{Block, Delta, Part};
use crate::sse::Event;
use crate::stream::Told;
use crate::wire::Wire;

/// What OpenRouter says while it waits for the provider behind it.
const PROCESSING: &str = "OPENROUTER PROCESSING";

/// The events of one part.
pub(crate) fn events(told: &Told, part: &Part) -> Vec<Event> {
    match part {
        Part::Start => chunks(told, None, |_| start(told)),
        Part::Open(Block::Call { place, name }) => chunks(told, None, |choice| {
            let function = json!({"name": name, "arguments": ""});
            let id = call_id(&told.id, choice, *place);
            json!({"tool_calls": [{"index": place, "id": id, "type": "function", "function": function}]})
        }),
        Part::Open(_) => Vec::new(),
        Part::Delta(Delta { text, .. }) => chunks(told, None, |_| delta(told, text)),
        // OpenRouter's signature comes last, without text.
        Part::Close if told.open == Some(Block::Thought) => chunks(told, None, |_| {
            let detail = json!({"type": "reasoning.text", "signature": SIGNATURE, "format": null, "index": 0});
            json!({"reasoning": null, "reasoning_details": [detail]})
        }),
        Part::Close => Vec::new(),
        Part::Finish => chunks(told, Some(finish(told.wire, &told.answer.finish)), |_| json!({})),
        Part::Usage => usage_chunk(told).map(Event::data).into_iter().collect(),
        Part::Done => vec![Event::data("[DONE]")],
        Part::Error => error(told),
        Part::Malformed => vec![Event::data(format!("{{\"id\":\"{}\",\"choices\":[{{\"index\":0,\"del", told.id))],
        Part::Unknown => {
            let mut unknown = chunk(told, &json!([]));
            unknown["simulated_notice"] = json!({"type": "notice"});
            vec![Event::data(unknown)]
        }
        Part::Comment if told.wire == Wire::OpenRouter => {
            vec![Event::Comment(PROCESSING), Event::Comment(PROCESSING)]
        }
        Part::Comment => vec![Event::Comment("keep-alive"), Event::Comment("keep-alive")],
        Part::Wait(_) | Part::Stall | Part::Cut | Part::Reset => Vec::new(),
    }
}

fn start(told: &Told) -> Value {
    let content = if told.has_text() { json!("") } else { Value::Null };
    json!({"role": "assistant", "content": content, "refusal": null})
}

fn delta(told: &Told, text: &str) -> Value {
    match &told.open {
        Some(Block::Thought) => {
            let detail = json!({"type": "reasoning.text", "text": text, "format": null, "index": 0});
            json!({"reasoning": text, "reasoning_details": [detail]})
        }
        Some(Block::Refusal) => json!({"refusal": text}),
        Some(Block::Call { place, .. }) => json!({"tool_calls": [{"index": place, "function": {"arguments": text}}]}),
        Some(Block::Text) | None => json!({"content": text}),
    }
}

/// One chunk for each of the choices, which advance together.
fn chunks(told: &Told, finish: Option<&str>, delta: impl Fn(u64) -> Value) -> Vec<Event> {
    let chunk_of = |index| Event::data(chunk(told, &json!([choice(told, index, delta(index), finish)])));
    (0..told.choices).map(chunk_of).collect()
}

fn choice(told: &Told, index: u64, mut delta: Value, finish: Option<&str>) -> Value {
    if told.wire == Wire::OpenRouter {
        // Every chunk of OpenRouter's says whose it is, and has a content.
        delta["role"] = json!("assistant");
        if delta.get("content").is_none() {
            delta["content"] = if delta.get("tool_calls").is_some() { Value::Null } else { json!("") };
        }
        let native = finish.map(|_| native_finish(&told.answer.finish));
        return json!({"index": index, "delta": delta, "finish_reason": finish, "native_finish_reason": native});
    }
    json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish})
}

fn chunk(told: &Told, choices: &Value) -> Value {
    let mut chunk = json!({
        "id": told.id, "object": "chat.completion.chunk", "created": told.created, "model": told.model,
        "choices": choices
    });
    if told.wire == Wire::OpenRouter {
        chunk["provider"] = json!("Simulated");
        return chunk;
    }
    chunk["service_tier"] = json!("default");
    chunk["system_fingerprint"] = Value::Null;
    if told.streamed.usage {
        chunk["usage"] = Value::Null;
    }
    if told.streamed.obfuscation {
        chunk["obfuscation"] = json!("x".repeat(told.padding()));
    }
    chunk
}

/// OpenAI's has no choices, and comes where it was asked for; OpenRouter's repeats the finish, and always comes.
fn usage_chunk(told: &Told) -> Option<Value> {
    if !told.streamed.usage {
        return None;
    }
    let choices = match told.wire {
        Wire::OpenRouter => {
            let reason = told.finished.then(|| finish(told.wire, &told.answer.finish));
            (0..told.choices).map(|index| choice(told, index, json!({}), reason)).collect()
        }
        _ => Vec::new(),
    };
    let mut chunk = chunk(told, &json!(choices));
    chunk["usage"] = usage(told.wire, &told.answer.usage);
    Some(chunk)
}

/// OpenAI closes after it; OpenRouter puts it into a chunk and ends as ever.
fn error(told: &Told) -> Vec<Event> {
    if told.wire != Wire::OpenRouter {
        return vec![Event::data(&told.error)];
    }
    let delta = json!({"role": "assistant", "content": ""});
    let choice = json!({"index": 0, "delta": delta, "finish_reason": "error", "native_finish_reason": "error"});
    let mut chunk = chunk(told, &json!([choice]));
    chunk["error"] = told.error["error"].clone();
    vec![Event::data(chunk), Event::data("[DONE]")]
}
