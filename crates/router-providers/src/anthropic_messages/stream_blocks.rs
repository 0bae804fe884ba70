//! The blocks of a streamed message.

use router_core::conversation::Content;

use super::decode;
use super::response::Block;
use super::stream_event::Delta;
use crate::answer::{AnswerEvent, CallError, Events};
use crate::whole::as_events;

#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// By the number that the provider gave them.
    seen: Vec<(u64, Kind)>,
    calls: usize,
}

#[derive(Debug)]
enum Kind {
    /// Text or thinking.
    Said,
    Call(Call),
    /// What only this dialect can say.
    Other,
}

#[derive(Debug)]
struct Call {
    /// Which of the answer's calls.
    index: usize,
    /// The arguments, if the block began with them: they count where nothing follows.
    whole: String,
    /// Whether something followed.
    said: bool,
    complete: bool,
}

impl Blocks {
    /// Whether there are tool calls.
    pub(super) fn any_calls(&self) -> bool {
        self.calls > 0
    }

    /// A block begins.
    ///
    /// # Errors
    /// It lacks what makes it one.
    pub(super) fn start(&mut self, number: u64, block: Block, into: &mut Events) -> Result<(), CallError> {
        let is_known = matches!(block.kind.as_str(), "text" | "thinking" | "redacted_thinking" | "tool_use");
        let kind = match decode::part(block)? {
            Some(Content::ToolCall(call)) => {
                let index = self.calls;
                self.calls += 1;
                into.push(AnswerEvent::ToolCall { index, id: call.id, name: call.name });
                Kind::Call(Call { index, whole: call.arguments, said: false, complete: false })
            }
            Some(content) => {
                into.extend(as_events([content.into()]));
                Kind::Said
            }
            None if is_known => Kind::Said,
            None => {
                into.push(AnswerEvent::Other);
                Kind::Other
            }
        };
        self.seen.push((number, kind));
        Ok(())
    }

    /// A block goes on.
    pub(super) fn go_on(&mut self, number: u64, delta: Delta<'_>, into: &mut Events) {
        let mut block = self.find(number);
        let kind = delta.kind.as_ref().map_or("", |kind| kind.0.as_ref());
        let event = match (kind, &mut block) {
            (_, Some(Kind::Other)) => Some(AnswerEvent::Other),
            ("text_delta", _) => said(delta.text, AnswerEvent::Text),
            ("thinking_delta", _) => said(delta.thinking, AnswerEvent::Reasoning),
            ("signature_delta", _) => said(delta.signature, AnswerEvent::Signature),
            ("input_json_delta", Some(Kind::Call(call))) => {
                let fragment = delta.partial_json.unwrap_or_default();
                call.said |= !fragment.trim_ascii().is_empty();
                let index = call.index;
                said(Some(fragment), |fragment| AnswerEvent::Arguments { index, fragment })
            }
            _ => Some(AnswerEvent::Other),
        };
        into.extend(event);
    }

    /// A block is complete.
    pub(super) fn stop(&mut self, number: u64, into: &mut Events) {
        if let Some(Kind::Call(call)) = self.find(number) {
            call.complete(into);
        }
    }

    /// The message is complete, and so are blocks that were not said to be.
    pub(super) fn complete(&mut self, into: &mut Events) {
        for (_, kind) in &mut self.seen {
            if let Kind::Call(call) = kind {
                call.complete(into);
            }
        }
    }

    fn find(&mut self, number: u64) -> Option<&mut Kind> {
        self.seen.iter_mut().rev().find(|(seen, _)| *seen == number).map(|(_, kind)| kind)
    }
}

impl Call {
    /// A call for which nothing came has the arguments it began with: usually none, `{}`.
    fn complete(&mut self, into: &mut Events) {
        if !self.said && !self.complete {
            into.push(AnswerEvent::Arguments { index: self.index, fragment: std::mem::take(&mut self.whole) });
        }
        self.complete = true;
    }
}

fn said(text: Option<String>, event: impl FnOnce(String) -> AnswerEvent) -> Option<AnswerEvent> {
    text.filter(|text| !text.is_empty()).map(event)
}
