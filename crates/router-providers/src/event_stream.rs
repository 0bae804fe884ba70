//! A streamed answer from the reads of its body: what all wire formats share.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use router_core::conversation::Tool;
use router_core::error_kind::ErrorKind;
use router_core::usage::Usage;

use crate::answer::{AnswerEvent, CallError, Events, Spent};
use crate::decoder::{Decoder, Progress, cut, spent};
use crate::endpoint::Body;
use crate::fault;
use crate::names::CallersNames;
use crate::sse::Parser;
use crate::waits::Waits;

/// How long the end of a body that has nothing more to say is waited for, so that its connection serves again.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// What the request tells about how to read the answer.
pub(crate) struct Manner {
    /// The names of tools as the caller gave them.
    pub(crate) names: CallersNames,
    /// What is known better of a usage than the provider says.
    pub(crate) counted: fn(Usage) -> Usage,
}

impl Manner {
    /// For a request with these tools, whose usage is as the provider says.
    pub(crate) fn of(tools: &[Tool]) -> Self {
        Self { names: CallersNames::of(tools), counted: |usage| usage }
    }

    fn amend(&self, event: &mut AnswerEvent) {
        match event {
            AnswerEvent::ToolCall { name, .. } => self.names.restore(name),
            AnswerEvent::Usage(usage) => *usage = (self.counted)(*usage),
            _ => {}
        }
    }
}

/// The answer in `body`. Dropping it closes the connection.
pub(crate) fn event_stream<D: Decoder + 'static>(
    body: Body,
    decoder: D,
    waits: Waits,
    manner: Manner,
) -> Pin<Box<dyn Stream<Item = Result<Events, CallError>> + Send>> {
    let reading = Reading { body, parser: Parser::default(), decoder, waits, manner, finished: false };
    Box::pin(stream::unfold(State::Reading(Box::new(reading)), State::next))
}

enum State<D> {
    Reading(Box<Reading<D>>),
    /// The error that follows what came before it.
    Failing(CallError),
    Over,
}

impl<D: Decoder> State<D> {
    async fn next(self) -> Option<(Result<Events, CallError>, Self)> {
        let mut reading = match self {
            Self::Reading(reading) => reading,
            Self::Failing(error) => return Some((Err(error), Self::Over)),
            Self::Over => return None,
        };
        loop {
            let mut events = Events::new();
            let outcome = reading.read(&mut events).await;
            events.iter_mut().for_each(|event| reading.manner.amend(event));
            let rest = match outcome {
                Ok(true) => {
                    reading.body.leave(LAST_BYTES);
                    Self::Over
                }
                Ok(false) if events.is_empty() => continue,
                Ok(false) => Self::Reading(reading),
                Err(error) if events.is_empty() => return Some((Err(reading.amended(error)), Self::Over)),
                Err(error) => Self::Failing(reading.amended(error)),
            };
            return if events.is_empty() { None } else { Some((Ok(events), rest)) };
        }
    }
}

/// A stream that is being read.
struct Reading<D> {
    body: Body,
    parser: Parser,
    decoder: D,
    waits: Waits,
    manner: Manner,
    /// Whether the answer is whole.
    finished: bool,
}

impl<D: Decoder> Reading<D> {
    /// Adds what one read brings; whether it was the last.
    async fn read(&mut self, into: &mut Events) -> Result<bool, CallError> {
        let outcome = match tokio::time::timeout_at(self.waits.until(), self.body.next()).await {
            Ok(Ok(Some(bytes))) => self.take(bytes, into),
            Ok(Ok(None)) => self.end(cut(), into),
            Ok(Err(error)) => self.end(error, into),
            Err(_) => self.end(self.waits.late(), into),
        };
        self.waits.came(into);
        match outcome {
            // Whatever comes after the answer and makes no sense does not make it less whole. An error that is said does.
            Err(error) if self.finished && error.kind == ErrorKind::Malformed => {
                tracing::debug!(%error, "something followed a whole answer");
                Ok(true)
            }
            outcome => outcome,
        }
    }

    fn take(&mut self, bytes: Bytes, into: &mut Events) -> Result<bool, CallError> {
        self.parser.feed(bytes);
        while let Some(event) = self.parser.next().map_err(|error| self.known(fault::malformed(&error.to_string())))? {
            match self.decoder.event(&event, into)? {
                Progress::Unfinished => {}
                Progress::Finished => self.finished = true,
                Progress::Ended => return Ok(true),
            }
        }
        Ok(false)
    }

    /// The stream is over, for this reason.
    fn end(&mut self, why: CallError, into: &mut Events) -> Result<bool, CallError> {
        if let Some(event) = self.parser.end() {
            // It may be cut itself, which `why` says better.
            match self.decoder.event(&event, into) {
                Err(error) if error.kind != ErrorKind::Malformed => return Err(error),
                _ => {}
            }
        }
        self.decoder.end(into).map(|()| true).map_err(|_| self.known(why))
    }

    /// An error that is not the decoder's, with what is known of the usage.
    fn known(&self, error: CallError) -> CallError {
        CallError { spent: spent(self.decoder.usage()), ..error }
    }

    fn amended(&self, error: CallError) -> CallError {
        let spent = match error.spent {
            Spent::Known(usage) => Spent::Known((self.manner.counted)(usage)),
            other => other,
        };
        self.body.scrub(CallError { spent, ..error })
    }
}

impl Body {
    /// Reads what is left, in the background if it is not there yet: a connection whose answer was read to its end is used
    /// again.
    fn leave(mut self, patience: Duration) {
        if self.next().now_or_never().is_none() {
            tokio::spawn(async move { tokio::time::timeout(patience, self.next()).await.map(|_| ()) });
        }
    }
}
