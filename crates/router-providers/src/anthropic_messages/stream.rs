//! A streamed message as the events of an answer.

use router_core::finish::FinishReason;
use router_core::usage::Usage;

use super::decode::finish_reason;
use super::response;
use super::stream_blocks::Blocks;
use super::stream_event::{Delta, Message, StreamEvent};
use super::usage::usage;
use crate::answer::{AnswerEvent, CallError, Events};
use crate::checked_json;
use crate::decoder::{self, Progress, cut, spent};
use crate::fault;
use crate::sse::Event;

/// Reads one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Whether events are followed by themselves.
    original: bool,
    begun: bool,
    blocks: Blocks,
    /// Whether the answer was said to be whole.
    finished: bool,
    /// What was reported, later figures over earlier ones: some events repeat only what has changed.
    reported: response::Usage,
}

impl Decoder {
    /// Events are followed by themselves if the caller's own request was in this dialect.
    #[must_use]
    pub fn new(original: bool) -> Self {
        Self { original, ..Self::default() }
    }

    fn read(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError> {
        if event.data.trim_ascii().is_empty() {
            return Ok(self.progress());
        }
        let parsed: StreamEvent<'_> = checked_json::read(&event.data).map_err(|error| {
            // It may still be an error, in a shape that nobody has seen beside a message.
            fault::none_within(&event.data).err().unwrap_or_else(|| fault::not_json(error))
        })?;
        let kind = parsed.kind.as_ref().map_or("", |kind| kind.0.as_ref());
        if kind == "error" || parsed.error.is_some() || &*event.name == b"error" {
            return Err(fault::told(&event.data));
        }
        let number = parsed.index.unwrap_or(0);
        let mut progress = None;
        match kind {
            "ping" => return Ok(self.progress()),
            "message_start" => self.start(parsed.message, into)?,
            "content_block_start" => {
                if let Some(block) = parsed.content_block {
                    self.blocks.start(number, block, into)?;
                }
            }
            "content_block_delta" => {
                if let Some(delta) = parsed.delta {
                    self.blocks.go_on(number, delta, into);
                }
            }
            "content_block_stop" => self.blocks.stop(number, into),
            "message_delta" => self.message_delta(parsed.usage, parsed.delta, into)?,
            "message_stop" => {
                self.whole()?;
                progress = Some(Progress::Ended);
            }
            _ => {}
        }
        into.extend(self.original.then(|| AnswerEvent::Original(event.data.clone())));
        Ok(progress.unwrap_or_else(|| self.progress()))
    }

    fn progress(&self) -> Progress {
        if self.finished { Progress::Finished } else { Progress::Unfinished }
    }

    fn start(&mut self, message: Option<Message>, into: &mut Events) -> Result<(), CallError> {
        if self.begun {
            // Seen behind proxies that ask again: what follows is another answer, not the rest of this one.
            return Err(fault::malformed("the answer began a second time"));
        }
        self.begun = true;
        let (upstream_id, upstream_model, usage) =
            message.map_or((None, None, None), |message| (message.id, message.model, message.usage));
        into.push(AnswerEvent::Began { upstream_id, upstream_model });
        self.report(usage, into);
        Ok(())
    }

    fn report(&mut self, later: Option<response::Usage>, into: &mut Events) {
        let Some(later) = later else { return };
        self.reported.update(later);
        into.extend(usage(&self.reported).map(AnswerEvent::Usage));
    }

    fn message_delta(
        &mut self,
        usage: Option<response::Usage>,
        delta: Option<Delta<'_>>,
        into: &mut Events,
    ) -> Result<(), CallError> {
        self.report(usage, into);
        let Some(delta) = delta else { return Ok(()) };
        let Some(reason) = delta.stop_reason.filter(|_| !self.finished) else { return Ok(()) };
        let finish = match (finish_reason(&reason.0), &*reason.0) {
            (Some(finish), _) => finish,
            // Whoever asked for what pauses an answer, in this dialect, knows how to go on.
            (None, "pause_turn" | "compaction") if self.original => FinishReason::Stop,
            _ => return Err(fault::malformed(&format!("the answer ended with stop_reason {:?}", reason.0))),
        };
        if finish == FinishReason::ToolCalls && !self.blocks.any_calls() {
            return Err(fault::malformed("the answer announces tool calls and has none"));
        }
        // Where the limit of tokens ended the answer, the arguments of a call may have been next.
        if finish != FinishReason::Length {
            self.blocks.complete(into);
        }
        if finish == FinishReason::ContentFilter {
            let words = delta.stop_details.and_then(|details| details.explanation).filter(|words| !words.is_empty());
            into.extend(words.map(AnswerEvent::Refusal));
        }
        into.push(AnswerEvent::Finish(finish));
        self.finished = true;
        Ok(())
    }

    fn whole(&self) -> Result<(), CallError> {
        if self.finished { Ok(()) } else { Err(cut()) }
    }

    fn with_spent(&self, error: CallError) -> CallError {
        CallError { spent: spent(usage(&self.reported)), ..error }
    }
}

impl decoder::Decoder for Decoder {
    fn event(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError> {
        self.read(event, into).map_err(|error| self.with_spent(error))
    }

    fn end(&mut self, _: &mut Events) -> Result<(), CallError> {
        self.whole().map_err(|error| self.with_spent(error))
    }

    fn usage(&self) -> Option<Usage> {
        usage(&self.reported)
    }
}
