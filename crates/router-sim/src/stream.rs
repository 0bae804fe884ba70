//! A stream from its answer to the steps of its body.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{Answer, Content};
use crate::asked::Streamed;
use crate::fault::FaultKind;
use crate::part::{Block, Part, parts};
use crate::playback::{FLUSH, Step};
use crate::sse::Lines;
use crate::wire::Wire;
use crate::{anthropic_stream, openai_stream, stream_fault};

/// The padding of an event is shorter than this, in characters.
const PADDING_END: u64 = 16;

/// What is told, and how far it is.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) wire: Wire,
    pub(crate) model: String,
    /// The answer's id.
    pub(crate) id: String,
    /// Unix time in seconds.
    pub(crate) created: i64,
    pub(crate) choices: u64,
    pub(crate) streamed: Streamed,
    pub(crate) answer: Answer,
    /// The error to tell where a fault says so: the body it would have alone.
    pub(crate) error: Value,
    /// What deltas belong to now.
    pub(crate) open: Option<Block>,
    /// Anthropic's number of the block that is open, or comes next.
    pub(crate) index: u64,
    /// Whether the start was told.
    pub(crate) begun: bool,
    /// Whether the finish was told.
    pub(crate) finished: bool,
    /// Parts so far.
    pub(crate) told: u64,
}

impl Told {
    /// Whether the answer is text.
    pub(crate) fn has_text(&self) -> bool {
        matches!(self.answer.content, Content::Text(_))
    }

    /// How much to pad an event: real ones do it at random, this looks so and is the same in every run.
    pub(crate) fn padding(&self) -> usize {
        usize::try_from(self.told.wrapping_mul(7) % PADDING_END).unwrap_or(0)
    }

    /// Adds the events of one part to a text.
    fn tell(&mut self, part: &Part, lines: Lines, text: &mut String) {
        self.told += 1;
        match part {
            // The second beginning is another answer's.
            Part::Start if self.begun => {
                self.id.push('b');
                (self.open, self.index) = (None, 0);
            }
            Part::Start => self.begun = true,
            Part::Open(block) => self.open = Some(block.clone()),
            _ => {}
        }
        let events = match self.wire {
            Wire::Anthropic => anthropic_stream::events(self, part),
            _ => openai_stream::events(self, part),
        };
        events.iter().for_each(|event| lines.write(text, event));
        match part {
            Part::Close => {
                self.open = None;
                self.index += 1;
            }
            Part::Finish => self.finished = true,
            _ => {}
        }
    }
}

/// The steps of a stream's body; events are written when their time comes, so that a waiting stream is small.
#[derive(Debug)]
pub(crate) struct Stream {
    told: Told,
    parts: std::vec::IntoIter<Part>,
    lines: Lines,
    pace: Duration,
    /// Whether characters of several bytes are torn apart.
    tears: bool,
    begun: bool,
    ready: VecDeque<Step>,
}

impl Stream {
    pub(crate) fn new(mut told: Told, pace: Duration, fault: Option<FaultKind>) -> Self {
        let mut parts = parts(told.wire, &told.answer);
        if let Some(fault) = fault {
            stream_fault::play(fault, &mut parts, &mut told.answer);
        }
        let lines = Lines {
            end: if fault == Some(FaultKind::Crlf) { "\r\n" } else { "\n" },
            colon: if fault == Some(FaultKind::NoSpace) { ":" } else { ": " },
        };
        let tears = fault == Some(FaultKind::SplitUtf8);
        Self { told, parts: parts.into_iter(), lines, pace, tears, begun: false, ready: VecDeque::new() }
    }

    fn step(&mut self, part: &Part) {
        let tokens = part.tokens();
        if tokens > 0 {
            if self.begun && !self.pace.is_zero() {
                self.ready.push_back(Step::Wait(self.pace));
            }
            self.begun = true;
        }
        match part {
            Part::Wait(delay) => self.ready.push_back(Step::Wait(*delay)),
            Part::Stall => self.ready.push_back(Step::Stall),
            Part::Cut => self.ready.extend([Step::Wait(FLUSH), Step::Cut]),
            Part::Reset => self.ready.extend([Step::Wait(FLUSH), Step::Reset]),
            part => {
                let mut text = String::new();
                self.told.tell(part, self.lines, &mut text);
                self.send(Bytes::from(text), tokens);
            }
        }
    }

    fn send(&mut self, mut bytes: Bytes, tokens: u64) {
        if bytes.is_empty() {
            return;
        }
        let torn = bytes.iter().position(|byte| !byte.is_ascii()).filter(|_| self.tears);
        if let Some(first_byte) = torn {
            let before = bytes.split_to(first_byte + 1);
            self.ready.extend([Step::Send { bytes: before, tokens: 0 }, Step::Wait(FLUSH)]);
        }
        self.ready.push_back(Step::Send { bytes, tokens });
    }
}

impl Iterator for Stream {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            let part = self.parts.next()?;
            self.step(&part);
        }
    }
}
