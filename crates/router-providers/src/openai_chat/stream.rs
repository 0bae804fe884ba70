//! A streamed chat completion as the events of an answer.

use bytes::Bytes;
use router_core::conversation::Content;
use router_core::finish::FinishReason;
use router_core::usage::Usage;
use serde::Deserialize;
use serde_json::Value;

use super::chunk::{Choice, Chunk, Delta};
use super::decode;
use super::finish::finish_reason;
use super::stream_calls::Calls;
use super::stream_repeats::{Again, Repeats};
use super::usage::usage;
use crate::answer::{AnswerEvent, CallError, Events};
use crate::checked_json;
use crate::decoder::{self, Progress, cut, spent};
use crate::fault;
use crate::json_member::remove_member;
use crate::json_text::JsonText;
use crate::sse::Event;

/// What ends a stream, in place of JSON.
const DONE: &[u8] = b"[DONE]";

/// What the caller's own request in this dialect asked of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whether it wanted the usage. We always ask for it, and keep what it did not want to ourselves.
    pub usage: bool,
    /// How many choices.
    pub choices: usize,
}

impl Asked {
    /// What a request body asks for; what cannot be read asks for nothing special.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            n: Option<usize>,
            stream_options: Option<Options>,
        }
        #[derive(Deserialize)]
        struct Options {
            include_usage: Option<bool>,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let usage = body.stream_options.and_then(|options| options.include_usage).unwrap_or(false);
        Self { usage, choices: body.n.unwrap_or(1) }
    }
}

/// Reads one stream. The first choice is the answer; others are passed on as they are, and have to be whole, too.
#[derive(Debug)]
pub struct Decoder {
    /// `None` where the events are not to be passed on as they are.
    asked: Option<Asked>,
    begun: bool,
    answer_id: String,
    /// Whether a second chunk had that id, too: some servers give every chunk its own.
    id_is_kept: bool,
    /// The choices seen, and whether they are whole.
    choices: Vec<(u64, bool)>,
    /// Why the first choice ended.
    finish: Option<FinishReason>,
    /// Whether the answer was said to be whole.
    finished: bool,
    calls: Calls,
    /// Whether there are calls that only this dialect can say.
    other_calls: bool,
    usage: Option<Usage>,
    repeats: Repeats,
}

impl Decoder {
    /// With what the caller's own request asked for, if it was in this dialect: then events are followed by themselves.
    #[must_use]
    pub fn new(asked: Option<Asked>) -> Self {
        Self {
            asked,
            begun: false,
            answer_id: String::new(),
            id_is_kept: false,
            choices: Vec::new(),
            finish: None,
            finished: false,
            calls: Calls::default(),
            other_calls: false,
            usage: None,
            repeats: Repeats::default(),
        }
    }

    fn read(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError> {
        if event.name.is_empty()
            && let Some(Again { words, shown }) = self.repeats.read(&event.data)
        {
            into.push(AnswerEvent::Text(words));
            into.extend(self.asked.map(|_| AnswerEvent::Original(shown)));
            return Ok(Progress::Unfinished);
        }
        self.repeats.forget();
        let before = into.len();
        let progress = self.read_anew(event, into)?;
        let says_words_alone = match &into[before..] {
            [AnswerEvent::Text(_)] => self.asked.is_none(),
            [AnswerEvent::Text(_), AnswerEvent::Original(_)] => true,
            _ => false,
        };
        // Then nothing that is remembered here has changed, or it changes no more when the same is said again.
        if says_words_alone && self.finish.is_none() && event.name.is_empty() {
            let hidden = self.asked.filter(|asked| !asked.usage).map(|_| "usage");
            self.repeats.learn(&event.data, hidden);
        }
        Ok(progress)
    }

    /// Reads an event that is not like the one before.
    fn read_anew(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError> {
        let data = event.data.trim_ascii();
        if data == DONE {
            self.conclude(into)?;
            return Ok(Progress::Ended);
        }
        if !data.is_empty() {
            let chunk = checked_json::read(data).map_err(|error| unreadable(error, data))?;
            self.chunk(chunk, event, into)?;
        }
        Ok(if self.finished { Progress::Finished } else { Progress::Unfinished })
    }

    fn chunk(&mut self, chunk: Chunk<'_>, event: &Event, into: &mut Events) -> Result<(), CallError> {
        let reported = chunk.usage.as_ref().and_then(usage);
        // Before the error: it is what the error cost.
        self.usage = reported.or(self.usage);
        if chunk.is_error() || &*event.name == b"error" {
            return Err(fault::told(&event.data));
        }
        let original = self.original(&chunk, &event.data);
        if self.begins_anew(&chunk) {
            return Err(fault::malformed("another answer begins in the middle of the stream"));
        }
        if !self.begun {
            self.begin(chunk.id, chunk.model, into);
        }
        for choice in chunk.choices.unwrap_or_default() {
            self.choice(choice, into)?;
        }
        into.extend(reported.map(AnswerEvent::Usage));
        let whole = self.choices.iter().filter(|(_, whole)| *whole).count();
        let expected = self.asked.map_or(1, |asked| asked.choices).max(self.choices.len());
        if self.finish.is_some() && whole >= expected {
            self.conclude(into)?;
        }
        into.extend(original.map(AnswerEvent::Original));
        Ok(())
    }

    /// Whether the chunk is the first of another answer: whoever stands before the model has asked it again, and what was
    /// said would be said twice.
    fn begins_anew(&mut self, chunk: &Chunk<'_>) -> bool {
        let Some(id) = chunk.id.as_ref().map(|id| &*id.0).filter(|id| !id.is_empty()) else { return false };
        let same = id == self.answer_id;
        self.id_is_kept |= self.begun && same;
        let mut deltas = chunk.choices.iter().flatten().filter_map(|choice| choice.delta.as_ref());
        self.id_is_kept && !same && deltas.any(|delta| delta.role.is_some())
    }

    fn begin(&mut self, id: Option<JsonText<'_>>, model: Option<JsonText<'_>>, into: &mut Events) {
        self.begun = true;
        let named = |text: Option<JsonText<'_>>| text.map(JsonText::into_string).filter(|text| !text.is_empty());
        let (upstream_id, upstream_model) = (named(id), named(model));
        self.answer_id = upstream_id.clone().unwrap_or_default();
        into.push(AnswerEvent::Began { upstream_id, upstream_model });
    }

    /// The chunk as the caller is to see it, if at all.
    fn original(&self, chunk: &Chunk<'_>, data: &Bytes) -> Option<Bytes> {
        if self.asked?.usage {
            return Some(data.clone());
        }
        if chunk.usage.is_some() && chunk.choices.as_ref().is_none_or(Vec::is_empty) {
            return None;
        }
        Some(remove_member(data, "usage").unwrap_or_else(|| data.clone()))
    }

    fn choice(&mut self, choice: Choice<'_>, into: &mut Events) -> Result<(), CallError> {
        let index = choice.index.unwrap_or(0);
        let place = self.choices.iter().position(|(seen, _)| *seen == index).unwrap_or_else(|| {
            self.choices.push((index, false));
            self.choices.len() - 1
        });
        match choice.delta {
            Some(delta) if index == 0 => self.delta(delta, into),
            Some(delta) => {
                // Read for the sake of knowing whether it says anything.
                let mut said = Events::new();
                Self::new(None).delta(delta, &mut said);
                into.extend((!said.is_empty()).then_some(AnswerEvent::Other));
            }
            None => {}
        }
        let Some(reason) = choice.finish_reason.filter(|reason| !reason.0.is_empty()) else { return Ok(()) };
        let Some(finish) = finish_reason(&reason.0) else {
            return Err(fault::malformed(&format!("the answer ended with finish_reason {:?}", reason.0)));
        };
        if let Some((_, whole)) = self.choices.get_mut(place) {
            *whole = true;
        }
        if index == 0 {
            // Said again (OpenRouter does, with the usage), it stays the same.
            self.finish = self.finish.or(Some(finish));
        }
        Ok(())
    }

    /// Reasoning, then text, then tool calls: the order in which models write them.
    fn delta(&mut self, delta: Delta<'_>, into: &mut Events) {
        let says_more = delta.says_more();
        match delta.reasoning_details {
            Some(details) if !details.is_empty() => {
                details.into_iter().filter_map(decode::reasoning).for_each(|content| say(content, into));
            }
            _ => {
                let thought = delta.reasoning_content.or(delta.reasoning).unwrap_or_default();
                into.extend((!thought.is_empty()).then_some(AnswerEvent::Reasoning(thought)));
            }
        }
        match delta.content {
            Some(Value::String(text)) if !text.is_empty() => into.push(AnswerEvent::Text(text)),
            Some(Value::Array(blocks)) => {
                blocks.into_iter().filter_map(decode::block).for_each(|content| say(content, into));
            }
            _ => {}
        }
        let refusal = delta.refusal.filter(|words| !words.is_empty());
        into.extend(refusal.map(AnswerEvent::Refusal));
        let mut other = says_more;
        for call in delta.tool_calls.into_iter().flatten() {
            if call.function.is_some() {
                self.calls.take(call, &self.answer_id, into);
            } else {
                (self.other_calls, other) = (true, true);
            }
        }
        if delta.function_call.is_some() && self.calls.is_empty() {
            (self.other_calls, other) = (true, true);
        }
        into.extend(other.then_some(AnswerEvent::Other));
    }

    /// Says that the answer is whole.
    fn conclude(&mut self, into: &mut Events) -> Result<(), CallError> {
        if self.finished {
            return Ok(());
        }
        let whole = self.choices.iter().all(|(_, whole)| *whole);
        let Some(finish) = self.finish.filter(|_| whole) else { return Err(cut()) };
        let finish = match finish {
            // A forced call of a named tool ends with `stop` at OpenAI itself.
            FinishReason::Stop if !self.calls.is_empty() => FinishReason::ToolCalls,
            FinishReason::ToolCalls if self.calls.is_empty() && !self.other_calls => {
                return Err(fault::malformed("the answer announces tool calls and has none"));
            }
            finish => finish,
        };
        self.calls.complete(finish, into)?;
        into.push(AnswerEvent::Finish(finish));
        self.finished = true;
        Ok(())
    }

    fn with_spent(&self, error: CallError) -> CallError {
        CallError { spent: spent(self.usage), ..error }
    }
}

impl decoder::Decoder for Decoder {
    fn event(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError> {
        self.read(event, into).map_err(|error| self.with_spent(error))
    }

    fn end(&mut self, into: &mut Events) -> Result<(), CallError> {
        self.conclude(into).map_err(|error| self.with_spent(error))
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

fn say(content: Content, into: &mut Events) {
    into.extend(crate::whole::as_events([content.into()]));
}

/// An event that is no chunk may still be an error, in a shape that nobody has seen beside a chunk.
fn unreadable(error: serde_json::Error, data: &[u8]) -> CallError {
    fault::none_within(data).err().unwrap_or_else(|| fault::not_json(error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::Decoder as _;

    /// What a decoder makes of these events, up to the first error.
    fn told(mut decoder: Decoder, events: &[(&'static str, String)]) -> (Vec<Events>, Option<CallError>) {
        let mut all = Vec::new();
        for (name, data) in events {
            let event = Event { name: Bytes::from_static(name.as_bytes()), data: data.clone().into() };
            let mut into = Events::new();
            let outcome = decoder.event(&event, &mut into);
            all.push(into);
            if let Err(error) = outcome {
                return (all, Some(error));
            }
        }
        let mut into = Events::new();
        let error = decoder.end(&mut into).err();
        all.push(into);
        (all, error)
    }

    fn event() -> impl Strategy<Value = (&'static str, String)> {
        // Mostly the same, so that events do follow a pattern.
        let id = prop_oneof![20 => Just("a"), 1 => Just("b"), 1 => Just("")];
        let role = prop_oneof![8 => Just(""), 1 => Just(r#""role":"assistant","#)];
        let content = prop_oneof![
            6 => Just(r#"" word""#), 6 => Just(r#""\"\\n é""#), 1 => Just(r#""""#), 1 => Just("null"), 1 => Just("[]"),
            1 => Just(r#""\ud800""#), 1 => Just("\"\t\""), 1 => Just(r#""a","refusal":"b""#),
            1 => Just(r#""a","tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{}"}}]"#),
        ];
        let index = prop_oneof![12 => Just("0"), 1 => Just("1")];
        let finish = prop_oneof![12 => Just("null"), 1 => Just(r#""stop""#)];
        let rest = prop_oneof![
            6 => Just(r#","usage":null"#), 6 => Just(r#","usage":null,"obfuscation":"xy""#), 3 => Just(""),
            1 => Just(r#","usage":{"prompt_tokens":1,"completion_tokens":2}"#), 1 => Just(r#","error":{"message":"m"}"#),
        ];
        let chunk = (id, role, content, index, finish, rest).prop_map(|(id, role, content, index, finish, rest)| {
            format!(
                r#"{{"id":"{id}","choices":[{{"index":{index},"delta":{{{role}"content":{content}}},"finish_reason":{finish}}}]{rest}}}"#
            )
        });
        let data = prop_oneof![20 => chunk, 1 => Just("{}".to_owned()), 1 => Just(String::new())];
        (prop_oneof![20 => Just(""), 1 => Just("x")], data)
    }

    proptest! {
        #[test]
        fn events_that_are_not_parsed_say_what_they_would(
            events in proptest::collection::vec(event(), 0..30),
            asked in prop_oneof![Just(None), Just(Some(true)), Just(Some(false))],
            choices in 1_usize..3,
        ) {
            let asked = asked.map(|usage| Asked { usage, choices });
            let parsed = Decoder { repeats: Repeats::none(), ..Decoder::new(asked) };
            prop_assert_eq!(told(Decoder::new(asked), &events), told(parsed, &events));
        }
    }
}
