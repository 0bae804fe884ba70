//! A streamed answer as the events of a message in their frames, for a caller who speaks this dialect.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use router_core::finish::FinishReason;
use router_core::usage;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::outbound::{Stop, Usage};
use crate::answer::AnswerEvent;
use crate::frame::frame;

/// Writes the events of one message, in order.
///
/// It translates, or passes the provider's own events on where they are in this dialect. The caller sees one message, begun
/// once: where another model continues what was passed on, its words go on in the block that is open.
///
/// Blocks of a message follow one another, while calls of other dialects are written side by side: what comes while a call is
/// being written and is not part of it waits for the message's end.
#[derive(Debug)]
pub struct MessageWriter {
    id: String,
    model: String,
    /// Whether the provider's own events are passed on.
    passing: bool,
    /// Whether the caller has seen the message begin, and end.
    begun: bool,
    ended: bool,
    /// The block that is being written.
    open: Option<Open>,
    /// The number of the next block.
    next: u64,
    waiting: Vec<Waiting>,
    /// Calls of the models before this one.
    earlier_calls: usize,
    calls: usize,
    /// In what words the model declined.
    refusal: Option<String>,
}

#[derive(Debug)]
struct Open {
    number: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    /// Which of the answer's calls, and whether it has arguments yet.
    Call {
        index: usize,
        bare: bool,
    },
    /// What only this dialect can say.
    Other,
}

#[derive(Debug)]
enum Waiting {
    Said(AnswerEvent),
    Call { index: usize, id: String, name: String, arguments: String },
}

/// Arguments of a call that has none.
const NO_ARGUMENTS: &str = "{}";

impl MessageWriter {
    /// For a message of that id and model. It translates until [`MessageWriter::speaking`] says otherwise.
    #[must_use]
    pub fn new(id: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            model: model.into(),
            passing: false,
            begun: false,
            ended: false,
            open: None,
            next: 0,
            waiting: Vec::new(),
            earlier_calls: 0,
            calls: 0,
            refusal: None,
        }
    }

    /// A model begins to speak, or goes on where another one stopped. `original` is whether its events come with the
    /// provider's own, in this dialect; they are passed on if nothing was said before.
    pub fn speaking(&mut self, model: &str, original: bool) {
        self.earlier_calls = self.calls;
        self.passing = original && !self.begun;
        if !self.begun {
            model.clone_into(&mut self.model);
        }
    }

    /// More of the answer.
    pub fn said(&mut self, events: Vec<AnswerEvent>, into: &mut BytesMut) {
        for event in events {
            if self.passing { self.pass(&event, into) } else { self.hear(event, into) }
        }
    }

    /// The answer is whole: its end, as far as the caller has not seen it.
    pub fn finish(&mut self, finish: FinishReason, usage: &usage::Usage, into: &mut BytesMut) {
        if self.ended {
            return;
        }
        self.flush(into);
        if !self.passing {
            self.begin(into);
            let delta = Stop::of(finish, self.refusal.as_deref());
            #[derive(Serialize)]
            struct Delta<'a> {
                r#type: &'static str,
                delta: Stop<'a>,
                usage: Usage,
            }
            event("message_delta", &Delta { r#type: "message_delta", delta, usage: usage.into() }, into);
        }
        event("message_stop", &json!({"type": "message_stop"}), into);
        self.ended = true;
    }

    /// The answer stops here: `body` is Anthropic's error object, as JSON. Nothing follows.
    pub fn error(&self, body: &[u8], into: &mut BytesMut) {
        frame(Some("error"), body, into);
    }

    /// The provider's own event, and nothing that it means.
    fn pass(&mut self, event: &AnswerEvent, into: &mut BytesMut) {
        match event {
            AnswerEvent::Original(bytes) => {
                let kind = kind_of(bytes);
                match kind.as_ref() {
                    // By far the most.
                    "content_block_delta" => {}
                    "message_start" => self.begun = true,
                    "content_block_start" => self.learn(bytes),
                    "content_block_stop" => self.open = None,
                    "message_stop" => self.ended = true,
                    _ => {}
                }
                frame(Some(&kind), bytes, into);
            }
            AnswerEvent::ToolCall { index, .. } => self.calls = self.calls.max(index + 1),
            _ => {}
        }
    }

    /// Notes which block begins.
    fn learn(&mut self, event: &[u8]) {
        #[derive(Deserialize)]
        struct Start {
            index: u64,
            content_block: Block,
        }
        #[derive(Deserialize)]
        struct Block {
            r#type: String,
        }
        let Ok(start) = serde_json::from_slice::<Start>(event) else { return };
        let kind = if start.content_block.r#type == "text" { Kind::Text } else { Kind::Other };
        self.next = self.next.max(start.index + 1);
        self.open = Some(Open { number: start.index, kind });
    }

    /// Writes what can be written now; the rest waits.
    fn hear(&mut self, event: AnswerEvent, into: &mut BytesMut) {
        let Some(Open { kind: Kind::Call { index: writing, .. }, .. }) = self.open else {
            return self.translate(event, into);
        };
        match event {
            AnswerEvent::Arguments { index, fragment } if self.earlier_calls + index == writing => {
                self.arguments(&fragment, into);
            }
            AnswerEvent::Arguments { index, fragment } => {
                let wanted = self.earlier_calls + index;
                let call = self.waiting.iter_mut().find_map(|waiting| match waiting {
                    Waiting::Call { index, arguments, .. } if *index == wanted => Some(arguments),
                    _ => None,
                });
                if let Some(arguments) = call {
                    arguments.push_str(&fragment);
                }
            }
            AnswerEvent::ToolCall { index, id, name } => {
                let index = self.earlier_calls + index;
                self.calls = self.calls.max(index + 1);
                self.waiting.push(Waiting::Call { index, id, name, arguments: String::new() });
            }
            event if event.commits() => self.waiting.push(Waiting::Said(event)),
            _ => {}
        }
    }

    fn translate(&mut self, event: AnswerEvent, into: &mut BytesMut) {
        match event {
            AnswerEvent::Text(text) => self.text(&text, into),
            AnswerEvent::Refusal(words) => {
                self.text(&words, into);
                self.refusal.get_or_insert_default().push_str(&words);
            }
            AnswerEvent::Reasoning(thought) => {
                self.open_one(Kind::Thinking, || json!({"type": "thinking", "thinking": "", "signature": ""}), into);
                self.delta(&json!({"type": "thinking_delta", "thinking": thought}), into);
            }
            AnswerEvent::Signature(signature) => {
                self.open_one(Kind::Thinking, || json!({"type": "thinking", "thinking": "", "signature": ""}), into);
                self.delta(&json!({"type": "signature_delta", "signature": signature}), into);
                self.close(into);
            }
            AnswerEvent::RedactedReasoning(data) => {
                self.start(Kind::Other, &json!({"type": "redacted_thinking", "data": data}), into);
                self.close(into);
            }
            AnswerEvent::ToolCall { index, id, name } => {
                let index = self.earlier_calls + index;
                self.calls = self.calls.max(index + 1);
                self.call(index, &id, &name, into);
            }
            AnswerEvent::Arguments { fragment, .. } => self.arguments(&fragment, into),
            AnswerEvent::Began { .. }
            | AnswerEvent::Other
            | AnswerEvent::Usage(_)
            | AnswerEvent::Finish(_)
            | AnswerEvent::Original(_) => {}
        }
    }

    fn text(&mut self, text: &str, into: &mut BytesMut) {
        self.open_one(Kind::Text, || json!({"type": "text", "text": ""}), into);
        self.delta(&TextDelta { r#type: "text_delta", text }, into);
    }

    fn call(&mut self, index: usize, id: &str, name: &str, into: &mut BytesMut) {
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        self.start(Kind::Call { index, bare: true }, &block, into);
    }

    fn arguments(&mut self, fragment: &str, into: &mut BytesMut) {
        let Some(Open { kind: Kind::Call { bare, .. }, .. }) = &mut self.open else { return };
        if !fragment.is_empty() {
            *bare = false;
            self.delta(&json!({"type": "input_json_delta", "partial_json": fragment}), into);
        }
    }

    /// Ends the open block, and writes what waited for that.
    fn flush(&mut self, into: &mut BytesMut) {
        self.close(into);
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Said(event) => self.translate(event, into),
                Waiting::Call { index, id, name, arguments } => {
                    self.call(index, &id, &name, into);
                    self.arguments(&arguments, into);
                    self.close(into);
                }
            }
        }
        self.close(into);
    }

    /// Opens a block of that kind, unless one is open.
    fn open_one(&mut self, kind: Kind, block: impl FnOnce() -> serde_json::Value, into: &mut BytesMut) {
        if self.open.as_ref().is_none_or(|open| open.kind != kind) {
            self.start(kind, &block(), into);
        }
    }

    fn start(&mut self, kind: Kind, block: &serde_json::Value, into: &mut BytesMut) {
        self.begin(into);
        self.close(into);
        let number = self.next;
        self.next += 1;
        self.open = Some(Open { number, kind });
        let start = json!({"type": "content_block_start", "index": number, "content_block": block});
        event("content_block_start", &start, into);
    }

    fn delta(&mut self, delta: &impl Serialize, into: &mut BytesMut) {
        let Some(Open { number, .. }) = self.open else { return };
        event("content_block_delta", &Delta { r#type: "content_block_delta", index: number, delta }, into);
    }

    fn close(&mut self, into: &mut BytesMut) {
        if let Some(Open { kind: Kind::Call { bare: true, .. }, .. }) = self.open {
            self.arguments(NO_ARGUMENTS, into);
        }
        if let Some(Open { number, .. }) = self.open.take() {
            event("content_block_stop", &json!({"type": "content_block_stop", "index": number}), into);
        }
    }

    /// Begins the message, once. What was read is known only at the end, and said there.
    fn begin(&mut self, into: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let message = json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": null, "stop_sequence": null, "stop_details": null, "usage": Usage::default(),
        });
        event("message_start", &json!({"type": "message_start", "message": message}), into);
    }
}

#[derive(Serialize)]
struct Delta<'a, D> {
    r#type: &'static str,
    index: u64,
    delta: &'a D,
}

#[derive(Serialize)]
struct TextDelta<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// Writes an event of that name.
fn event(name: &str, json: &impl Serialize, into: &mut BytesMut) {
    let start = into.len();
    into.put_slice(b"event: ");
    into.put_slice(name.as_bytes());
    into.put_slice(b"\ndata: ");
    if serde_json::to_writer(into.writer(), json).is_err() {
        // Half an event is worse than none.
        into.truncate(start);
        return;
    }
    into.put_slice(b"\n\n");
}

/// The type of a provider's event, which is its name. Anthropic writes it first.
fn kind_of(event: &[u8]) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Named {
        r#type: String,
    }
    let written = event.strip_prefix(br#"{"type":""#).and_then(|rest| rest.split(|&byte| byte == b'"').next());
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match written.and_then(|name| std::str::from_utf8(name).ok()).filter(plain) {
        Some(name) => Cow::Borrowed(name),
        None => serde_json::from_slice::<Named>(event)
            .ok()
            .filter(|named| plain(&named.r#type.as_str()))
            .map_or(Cow::Borrowed("message"), |named| Cow::Owned(named.r#type)),
    }
}
