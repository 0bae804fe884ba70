//! The tool calls of a stream, numbered from 0 whatever their servers number them by.

use router_core::finish::FinishReason;
use serde_json::Value;

use super::chunk::ToolCall;
use crate::answer::{AnswerEvent, CallError, Events};
use crate::fault;
use crate::json_text::JsonText;

#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    /// The server's number: Anthropic's imitation counts blocks of text, too.
    wire_index: u64,
    id: String,
    /// Whether it was passed on: that takes its name.
    begun: bool,
    /// What came of the arguments before the name.
    held: String,
    /// Whether its arguments are more than white space.
    said: bool,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what a fragment says. `answer_id` makes up an id where there is none, as for whole answers.
    pub(super) fn take(&mut self, fragment: ToolCall<'_>, answer_id: &str, into: &mut Events) {
        let Some(function) = fragment.function else { return };
        let name = function.name.map(JsonText::into_string).filter(|name| !name.is_empty());
        let id = fragment.id.map(JsonText::into_string).filter(|id| !id.is_empty());
        let index = self.place(fragment.index, id.as_deref(), name.is_some()).unwrap_or_else(|| {
            let index = self.0.len();
            let wire_index = fragment.index.unwrap_or(index as u64);
            let id = id.unwrap_or_else(|| format!("call_{answer_id}_{index}"));
            self.0.push(Call { wire_index, id, begun: false, held: String::new(), said: false });
            index
        });
        let Some(call) = self.0.get_mut(index) else { return };
        if let Some(name) = name.filter(|_| !call.begun) {
            call.begun = true;
            into.push(AnswerEvent::ToolCall { index, id: call.id.clone(), name });
            call.say(index, String::new(), into);
        }
        match function.arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(piece)) => call.say(index, piece, into),
            Some(json) => call.say(index, json.to_string(), into),
        }
    }

    /// Which call a fragment continues; `None` where it begins one. Google's imitation gives all of them the number 0, and
    /// others none: there a new id beside a name begins a new call.
    fn place(&self, wire_index: Option<u64>, id: Option<&str>, named: bool) -> Option<usize> {
        let of_this_number = |call: &Call| wire_index.is_none_or(|index| call.wire_index == index);
        let place = self.0.iter().rposition(of_this_number)?;
        let is_another = named && self.0[place].begun && id.is_some_and(|id| id != self.0[place].id);
        (!is_another).then_some(place)
    }

    /// The model has stopped: what was said without arguments means none.
    ///
    /// # Errors
    /// A call was never named.
    pub(super) fn complete(&mut self, finish: FinishReason, into: &mut Events) -> Result<(), CallError> {
        for (index, call) in self.0.iter_mut().enumerate() {
            if !call.begun {
                return Err(fault::malformed("a tool call has no name"));
            }
            // Where the limit of tokens ended the answer, the arguments may have been next.
            if !call.said && finish != FinishReason::Length {
                call.say(index, "{}".to_owned(), into);
            }
        }
        Ok(())
    }
}

impl Call {
    fn say(&mut self, index: usize, piece: String, into: &mut Events) {
        self.said |= !piece.trim_ascii().is_empty();
        if !self.begun {
            self.held.push_str(&piece);
            return;
        }
        let held = std::mem::take(&mut self.held);
        let fragment = if held.is_empty() { piece } else { held + &piece };
        if !fragment.is_empty() {
            into.push(AnswerEvent::Arguments { index, fragment });
        }
    }
}
