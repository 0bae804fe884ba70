//! An answer as a `response`, whole or as the events of a stream in their frames.

use bytes::{BufMut, BytesMut};
use router_core::conversation::Part;
use router_core::finish::FinishReason;
use router_core::usage::Usage;
use serde::Serialize;
use serde_json::{Value, json};

use super::echo::Echo;
use super::item::{HandedBack, Item, Kind, NO_ARGUMENTS, SaidPart, summary};
use crate::answer::AnswerEvent;
use crate::whole::as_events;

/// Writes the events of one response, in order.
///
/// Every event has its number, and those of an item its place: what official clients put answers together by. A message and
/// a thought follow one another; calls stay open side by side until the answer's end, as models write them.
#[derive(Debug)]
pub struct ResponseWriter {
    id: String,
    created: u64,
    model: String,
    echo: Echo,
    /// The number of the next event.
    sequence: u64,
    begun: bool,
    items: Vec<Item>,
    /// The message or thought that is being written, by its place.
    open: Option<usize>,
    /// Calls of the models before this one.
    earlier_calls: usize,
    calls: usize,
}

/// Writes a whole answer; the parameters are those of [`ResponseWriter::new`] and [`ResponseWriter::finish`].
///
/// # Errors
/// None that is known: texts and numbers can always be written.
pub fn response(
    mut writer: ResponseWriter,
    parts: Vec<Part>,
    finish: FinishReason,
    usage: &Usage,
) -> Result<Vec<u8>, serde_json::Error> {
    // The same items as those of a stream, so that they cannot differ.
    let mut unread = BytesMut::new();
    writer.said(&as_events(parts), &mut unread);
    writer.close_all(finish, &mut unread);
    serde_json::to_vec(&writer.ended(finish, usage))
}

impl ResponseWriter {
    /// For a response of that id and model, written at that time (seconds since 1970), to a request that it repeats parts of.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>, echo: Echo) -> Self {
        Self {
            id: id.into(),
            created,
            model: model.into(),
            echo,
            sequence: 0,
            begun: false,
            items: Vec::new(),
            open: None,
            earlier_calls: 0,
            calls: 0,
        }
    }

    /// A model begins to speak, or goes on where another one stopped.
    pub fn speaking(&mut self, model: &str) {
        self.earlier_calls = self.calls;
        if !self.begun {
            model.clone_into(&mut self.model);
        }
    }

    /// More of the answer.
    pub fn said(&mut self, events: &[AnswerEvent], into: &mut BytesMut) {
        for event in events {
            self.hear(event, into);
        }
    }

    /// The answer is whole: its end.
    pub fn finish(&mut self, finish: FinishReason, usage: &Usage, into: &mut BytesMut) {
        self.begin(into);
        self.close_all(finish, into);
        let name = if is_cut(finish) { "response.incomplete" } else { "response.completed" };
        self.event(name, json!({}), Some(("response", &self.ended(finish, usage))), into);
    }

    /// The answer stops here: `body` is OpenAI's error object, as JSON. Nothing follows.
    ///
    /// Clients raise what stands in the first event, and look at the second for what had come.
    pub fn error(&mut self, body: &[u8], into: &mut BytesMut) {
        self.begin(into);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = body.get("error").cloned().unwrap_or_default();
        let (code, message) = (&error["code"], &error["message"]);
        let flat = json!({"error": error, "code": code, "message": message, "param": error["param"]});
        self.event::<()>("error", flat, None, into);
        let code = code.as_str().unwrap_or("server_error");
        let failed = self.response("failed", None, Some(json!({"code": code, "message": message})), Value::Null);
        self.event("response.failed", json!({}), Some(("response", &failed)), into);
    }

    fn hear(&mut self, event: &AnswerEvent, into: &mut BytesMut) {
        match event {
            AnswerEvent::Text(text) => self.say(text, false, into),
            AnswerEvent::Refusal(words) => self.say(words, true, into),
            AnswerEvent::Reasoning(thought) => self.think(thought, into),
            AnswerEvent::Signature(signature) => {
                let place = self.thought(into);
                self.hand_back(place, HandedBack::Signature(signature.clone()));
                self.close_open(into);
            }
            AnswerEvent::RedactedReasoning(data) => {
                self.close_open(into);
                let place = self.thought(into);
                self.hand_back(place, HandedBack::Redacted(data.clone()));
                self.close_open(into);
            }
            AnswerEvent::ToolCall { index, id, name } => {
                let index = self.earlier_calls + index;
                self.calls = self.calls.max(index + 1);
                self.close_open(into);
                let (id, name) = (id.clone(), name.clone());
                self.add("fc", Kind::Call { index, id, name, arguments: String::new() }, into);
            }
            AnswerEvent::Arguments { index, fragment } if !fragment.is_empty() => {
                self.argue(self.earlier_calls + index, fragment, into);
            }
            _ => {}
        }
    }

    fn say(&mut self, text: &str, is_refusal: bool, into: &mut BytesMut) {
        let place = match self.open.filter(|&place| matches!(self.items[place].kind, Kind::Message { .. })) {
            Some(place) => place,
            None => self.open_one("msg", Kind::Message { parts: Vec::new() }, into),
        };
        let Kind::Message { parts } = &mut self.items[place].kind else { return };
        if parts.last().is_none_or(|last| last.is_refusal != is_refusal) {
            self.close_part(place, into);
            let Kind::Message { parts } = &mut self.items[place].kind else { return };
            parts.push(SaidPart { is_refusal, text: String::new() });
            self.part("response.content_part.added", place, SaidPart::bare, into);
        }
        let Kind::Message { parts } = &mut self.items[place].kind else { return };
        let content_index = parts.len().saturating_sub(1);
        if let Some(last) = parts.last_mut() {
            last.text.push_str(text);
        }
        let at = json!({"item_id": self.items[place].id, "output_index": place, "content_index": content_index});
        if is_refusal {
            self.event("response.refusal.delta", at, Some(("delta", &text)), into);
        } else {
            let mut at = at;
            at["logprobs"] = json!([]);
            self.event("response.output_text.delta", at, Some(("delta", &text)), into);
        }
    }

    fn think(&mut self, thought: &str, into: &mut BytesMut) {
        let place = self.thought(into);
        let Kind::Reasoning { text, .. } = &mut self.items[place].kind else { return };
        let is_first = text.is_empty();
        text.push_str(thought);
        let at = self.at_summary(place);
        if is_first {
            self.event("response.reasoning_summary_part.added", at.clone(), Some(("part", &summary(""))), into);
        }
        self.event("response.reasoning_summary_text.delta", at, Some(("delta", &thought)), into);
    }

    fn argue(&mut self, wanted: usize, fragment: &str, into: &mut BytesMut) {
        let mut items = self.items.iter_mut().enumerate();
        let found = items.find_map(|(place, item)| match &mut item.kind {
            Kind::Call { index, arguments, .. } if *index == wanted && !item.done => Some((place, &item.id, arguments)),
            _ => None,
        });
        let Some((place, id, arguments)) = found else { return };
        arguments.push_str(fragment);
        let at = json!({"item_id": id, "output_index": place});
        self.event("response.function_call_arguments.delta", at, Some(("delta", &fragment)), into);
    }

    /// The place of the thought that is being written.
    fn thought(&mut self, into: &mut BytesMut) -> usize {
        match self.open.filter(|&place| matches!(self.items[place].kind, Kind::Reasoning { .. })) {
            Some(place) => place,
            None => self.open_one("rs", Kind::Reasoning { text: String::new(), handed_back: None }, into),
        }
    }

    fn hand_back(&mut self, place: usize, what: HandedBack) {
        if let Kind::Reasoning { handed_back, .. } = &mut self.items[place].kind {
            *handed_back = Some(what);
        }
    }

    /// Ends what is being written and begins another message or thought.
    fn open_one(&mut self, prefix: &str, kind: Kind, into: &mut BytesMut) -> usize {
        self.close_open(into);
        let place = self.add(prefix, kind, into);
        self.open = Some(place);
        place
    }

    fn add(&mut self, prefix: &str, kind: Kind, into: &mut BytesMut) -> usize {
        self.begin(into);
        let place = self.items.len();
        let id = format!("{prefix}_{}_{place}", self.id.trim_start_matches("resp_"));
        self.items.push(Item { id, kind, done: false, cut: false });
        let item = self.items[place].bare();
        self.event("response.output_item.added", json!({"output_index": place}), Some(("item", &item)), into);
        place
    }

    fn close_open(&mut self, into: &mut BytesMut) {
        if let Some(place) = self.open.take() {
            self.close(place, into);
        }
    }

    /// Ends everything; the last item is cut where the limit of tokens ended the answer.
    fn close_all(&mut self, finish: FinishReason, into: &mut BytesMut) {
        if let Some(last) = self.items.last_mut() {
            last.cut = finish == FinishReason::Length && !last.done;
        }
        self.open = None;
        for place in 0..self.items.len() {
            if !self.items[place].done {
                self.close(place, into);
            }
        }
    }

    fn close(&mut self, place: usize, into: &mut BytesMut) {
        match &mut self.items[place].kind {
            Kind::Message { .. } => self.close_part(place, into),
            Kind::Reasoning { text, .. } if text.is_empty() => {}
            Kind::Reasoning { text, .. } => {
                let text = text.clone();
                let at = self.at_summary(place);
                self.event("response.reasoning_summary_text.done", at.clone(), Some(("text", &text)), into);
                self.event("response.reasoning_summary_part.done", at, Some(("part", &summary(&text))), into);
            }
            Kind::Call { index, arguments, .. } => {
                let (index, bare) = (*index, arguments.trim().is_empty());
                if bare && !self.items[place].cut {
                    self.argue(index, NO_ARGUMENTS, into);
                }
                let item = &self.items[place];
                let Kind::Call { name, arguments, .. } = &item.kind else { return };
                let at = json!({"item_id": item.id, "output_index": place, "name": name, "arguments": arguments});
                self.event::<()>("response.function_call_arguments.done", at, None, into);
            }
        }
        self.items[place].done = true;
        let item = self.items[place].json();
        self.event("response.output_item.done", json!({"output_index": place}), Some(("item", &item)), into);
    }

    /// Ends the part of a message that is being written.
    fn close_part(&mut self, place: usize, into: &mut BytesMut) {
        let item = &self.items[place];
        let Kind::Message { parts } = &item.kind else { return };
        let Some(last) = parts.last() else { return };
        let at = json!({"item_id": item.id, "output_index": place, "content_index": parts.len() - 1});
        let text = last.text.clone();
        if last.is_refusal {
            self.event("response.refusal.done", at, Some(("refusal", &text)), into);
        } else {
            let mut at = at;
            at["logprobs"] = json!([]);
            self.event("response.output_text.done", at, Some(("text", &text)), into);
        }
        self.part("response.content_part.done", place, SaidPart::json, into);
    }

    /// An event with the last part of a message.
    fn part(&mut self, name: &str, place: usize, write: fn(&SaidPart) -> Value, into: &mut BytesMut) {
        let item = &self.items[place];
        let Kind::Message { parts } = &item.kind else { return };
        let Some(last) = parts.last() else { return };
        let at = json!({"item_id": item.id, "output_index": place, "content_index": parts.len() - 1});
        let part = write(last);
        self.event(name, at, Some(("part", &part)), into);
    }

    fn at_summary(&self, place: usize) -> Value {
        json!({"item_id": self.items[place].id, "output_index": place, "summary_index": 0})
    }

    /// Begins the response, once.
    fn begin(&mut self, into: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for name in ["response.created", "response.in_progress"] {
            let begun = self.response("in_progress", None, None, Value::Null);
            self.event(name, json!({}), Some(("response", &begun)), into);
        }
    }

    /// The response at its end.
    fn ended(&self, finish: FinishReason, usage: &Usage) -> Value {
        let reason = match finish {
            FinishReason::Length => json!({"reason": "max_output_tokens"}),
            FinishReason::ContentFilter => json!({"reason": "content_filter"}),
            FinishReason::Stop | FinishReason::ToolCalls => Value::Null,
        };
        let status = if is_cut(finish) { "incomplete" } else { "completed" };
        self.response(status, Some(usage), None, reason)
    }

    /// The response as it now stands.
    fn response(&self, status: &str, usage: Option<&Usage>, error: Option<Value>, incomplete: Value) -> Value {
        let output: Vec<Value> = self.items.iter().filter(|item| item.done).map(Item::json).collect();
        let mut response = json!({
            "id": self.id, "object": "response", "created_at": self.created, "status": status, "background": false,
            "error": error, "incomplete_details": incomplete, "model": self.model, "output": output,
            "previous_response_id": null, "store": false, "usage": usage.map(counts),
        });
        if let Some(members) = response.as_object_mut() {
            members.extend(self.echo.members());
        }
        response
    }

    /// Writes an event of that name with `fields` and, last, one that may be long.
    fn event<T: Serialize>(
        &mut self,
        name: &str,
        fields: Value,
        last: Option<(&'static str, &T)>,
        into: &mut BytesMut,
    ) {
        #[derive(Serialize)]
        struct Event<'a> {
            r#type: &'a str,
            sequence_number: u64,
            #[serde(flatten)]
            fields: Value,
        }
        let start = into.len();
        into.put_slice(b"event: ");
        into.put_slice(name.as_bytes());
        into.put_slice(b"\ndata: ");
        let mut written =
            serde_json::to_writer(into.writer(), &Event { r#type: name, sequence_number: self.sequence, fields });
        if let Some((key, value)) = last {
            into.truncate(into.len().saturating_sub(1));
            into.put_slice(format!(",\"{key}\":").as_bytes());
            written = written.and_then(|()| serde_json::to_writer(into.writer(), value));
            into.put_slice(b"}");
        }
        if written.is_err() {
            // Half an event is worse than none.
            into.truncate(start);
            return;
        }
        into.put_slice(b"\n\n");
        self.sequence += 1;
    }
}

const fn is_cut(finish: FinishReason) -> bool {
    matches!(finish, FinishReason::Length | FinishReason::ContentFilter)
}

/// Token counts in this dialect, which counts cached and written tokens within the input.
fn counts(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.total_input().0,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read.0,
            "cache_write_tokens": (usage.cache_write_5m + usage.cache_write_1h).0,
        },
        "output_tokens": usage.output.0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning.0},
        "total_tokens": usage.total().0,
    })
}
