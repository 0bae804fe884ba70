//! A streamed answer as `chat.completion.chunk`s in their frames, for a caller who speaks this dialect.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes, BytesMut};
use router_core::finish::FinishReason;
use router_core::usage;
use serde::{Deserialize, Serialize};

use super::outbound::{DetailKind, NO_ARGUMENTS, ReasoningDetail, Usage};
use crate::answer::AnswerEvent;
use crate::frame::frame;

/// Writes the frames of one answer, in order.
///
/// It translates, or passes the provider's own events on where they are in this dialect. The answer has one id, one time and
/// one model for the caller, whoever goes on with it: where another model continues what was passed on, its words are
/// translated under the head that the caller has already seen.
#[derive(Debug)]
pub struct ChunkWriter {
    id: String,
    created: u64,
    model: String,
    /// What stands in every chunk before its delta; written when the first is.
    head: Bytes,
    include_usage: bool,
    /// Whether the provider's own events are passed on.
    passing: bool,
    /// Whether the caller has seen anything of the answer.
    begun: bool,
    /// Whether the caller has seen whose turn it is.
    role_said: bool,
    /// Whether the provider's own events said what was consumed.
    usage_passed: bool,
    /// Calls of the models before this one.
    earlier_calls: usize,
    calls: usize,
    /// Calls that have no arguments yet.
    bare_calls: BTreeSet<usize>,
    /// Which thought is being written.
    thought: usize,
}

impl ChunkWriter {
    /// For an answer of that id and model, written at that time (seconds since 1970). It translates until
    /// [`ChunkWriter::speaking`] says otherwise.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>, include_usage: bool) -> Self {
        Self {
            id: id.into(),
            created,
            model: model.into(),
            head: Bytes::new(),
            include_usage,
            passing: false,
            begun: false,
            role_said: false,
            usage_passed: false,
            earlier_calls: 0,
            calls: 0,
            bare_calls: BTreeSet::new(),
            thought: 0,
        }
    }

    /// A model begins to speak, or goes on where another one stopped. `original` is whether its events come with the
    /// provider's own, in this dialect; they are passed on if nothing was said before.
    pub fn speaking(&mut self, model: &str, original: bool) {
        self.earlier_calls = self.calls;
        // What the one before consumed is not what all of them did.
        self.usage_passed = false;
        self.passing = original && !self.begun;
        if !self.begun {
            model.clone_into(&mut self.model);
        }
    }

    /// More of the answer.
    pub fn said(&mut self, events: &[AnswerEvent], into: &mut BytesMut) {
        for event in events {
            if self.passing { self.pass(event, into) } else { self.translate(event, into) }
        }
    }

    /// The answer is whole: its end, as far as the caller has not seen it.
    pub fn finish(&mut self, finish: FinishReason, usage: Option<&usage::Usage>, into: &mut BytesMut) {
        if !self.passing {
            for index in std::mem::take(&mut self.bare_calls) {
                self.delta(Delta::arguments(index, NO_ARGUMENTS), None, into);
            }
            self.delta(Delta::default(), Some(finish), into);
        }
        if let Some(usage) = usage.filter(|_| self.include_usage && !self.usage_passed) {
            self.usage(usage, into);
        }
    }

    /// The word that ends a stream which is whole. Never after an error.
    pub fn done(&self, into: &mut BytesMut) {
        into.put_slice(b"data: [DONE]\n\n");
    }

    /// The answer stops here: `body` is OpenAI's error object, as JSON. Nothing follows.
    pub fn error(&self, body: &[u8], into: &mut BytesMut) {
        frame(None, body, into);
    }

    /// The provider's own event, and nothing that it means.
    fn pass(&mut self, event: &AnswerEvent, into: &mut BytesMut) {
        match event {
            AnswerEvent::Original(bytes) => {
                if !self.begun {
                    self.learn(bytes);
                }
                self.begun = true;
                // Whoever writes the first chunk says whose turn it is.
                self.role_said = true;
                frame(None, bytes, into);
            }
            AnswerEvent::Usage(_) => self.usage_passed = true,
            AnswerEvent::ToolCall { index, .. } => self.calls = self.calls.max(index + 1),
            _ => {}
        }
    }

    /// Takes the head of the provider's first event over.
    fn learn(&mut self, event: &[u8]) {
        let Ok(seen) = serde_json::from_slice::<SeenHead>(event) else { return };
        self.id = seen.id.unwrap_or_else(|| std::mem::take(&mut self.id));
        self.created = seen.created.unwrap_or(self.created);
        self.model = seen.model.unwrap_or_else(|| std::mem::take(&mut self.model));
    }

    fn translate(&mut self, event: &AnswerEvent, into: &mut BytesMut) {
        let delta = match event {
            AnswerEvent::Text(text) => Delta { content: Some(text), ..Delta::default() },
            AnswerEvent::Refusal(words) => Delta { refusal: Some(words), ..Delta::default() },
            AnswerEvent::Reasoning(text) => {
                let detail = self.detail(DetailKind::Text { text, signature: None }, false);
                Delta { reasoning_content: Some(text), ..detail }
            }
            AnswerEvent::Signature(signature) => {
                self.detail(DetailKind::Text { text: "", signature: Some(signature) }, true)
            }
            AnswerEvent::RedactedReasoning(data) => self.detail(DetailKind::Encrypted { data }, true),
            AnswerEvent::ToolCall { index, id, name } => {
                let index = self.earlier_calls + index;
                self.calls = self.calls.max(index + 1);
                self.bare_calls.insert(index);
                let function = Function { name: Some(name), arguments: "" };
                Delta::call(Call { index, id: Some(id), kind: Some("function"), function })
            }
            AnswerEvent::Arguments { fragment, .. } if fragment.is_empty() => return,
            AnswerEvent::Arguments { index, fragment } => {
                let index = self.earlier_calls + index;
                self.bare_calls.remove(&index);
                Delta::arguments(index, fragment)
            }
            AnswerEvent::Began { .. }
            | AnswerEvent::Other
            | AnswerEvent::Usage(_)
            | AnswerEvent::Finish(_)
            | AnswerEvent::Original(_) => return,
        };
        self.delta(delta, None, into);
    }

    /// A piece of a thought, which it may end. A client that puts pieces of one index together has what it hands back.
    fn detail<'a>(&mut self, kind: DetailKind<'a>, ends: bool) -> Delta<'a> {
        let detail = ReasoningDetail { kind, index: self.thought };
        self.thought += usize::from(ends);
        Delta { reasoning_details: Some([detail]), ..Delta::default() }
    }

    fn delta(&mut self, delta: Delta<'_>, finish: Option<FinishReason>, into: &mut BytesMut) {
        let role = (!self.role_said).then_some("assistant");
        (self.begun, self.role_said) = (true, true);
        let choice = Choice { index: 0, delta: Delta { role, ..delta }, finish_reason: finish.map(FinishReason::name) };
        let usage: &[u8] = if self.include_usage { b",\"usage\":null" } else { b"" };
        self.chunk(&[choice], usage, into);
    }

    /// The chunk without choices that says what was consumed.
    fn usage(&mut self, usage: &usage::Usage, into: &mut BytesMut) {
        let Ok(usage) = serde_json::to_vec(&Usage::from(usage)) else { return };
        self.chunk::<Choice<'_>>(&[], &[b",\"usage\":".as_slice(), &usage].concat(), into);
    }

    fn chunk<C: Serialize>(&mut self, choices: &[C], rest: &[u8], into: &mut BytesMut) {
        if self.head.is_empty() {
            self.head = self.written_head();
        }
        let start = into.len();
        into.put_slice(b"data: ");
        into.put_slice(&self.head);
        if serde_json::to_writer(into.writer(), choices).is_err() {
            // Half a chunk is worse than none.
            into.truncate(start);
            return;
        }
        into.put_slice(rest);
        into.put_slice(b"}\n\n");
    }

    fn written_head(&self) -> Bytes {
        let (id, model) = (serde_json::Value::from(self.id.as_str()), serde_json::Value::from(self.model.as_str()));
        let created = self.created;
        let head = format!(
            "{{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":{model},\"choices\":"
        );
        head.into()
    }
}

/// The head of a provider's event, as far as it has one.
#[derive(Deserialize)]
struct SeenHead {
    id: Option<String>,
    created: Option<u64>,
    model: Option<String>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<[ReasoningDetail<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

impl<'a> Delta<'a> {
    fn call(call: Call<'a>) -> Self {
        Self { tool_calls: Some([call]), ..Self::default() }
    }

    fn arguments(index: usize, fragment: &'a str) -> Self {
        Self::call(Call { index, id: None, kind: None, function: Function { name: None, arguments: fragment } })
    }
}

#[derive(Serialize)]
struct Call<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}
