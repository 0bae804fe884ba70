//! A streamed answer from the reads of its body: what all wire formats share.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream};
use router_core::conversation::Tool;
use router_core::error_kind::ErrorKind;
use router_core::usage::Usage;

use crate::alarm::Alarm;
use crate::answer::{AnswerEvent, CallError, Events, Spent};
use crate::decoder::{Decoder, Progress, cut, spent};
use crate::endpoint::Body;
use crate::fault;
use crate::names::CallersNames;
use crate::sse::Parser;
use crate::waits::Waits;

/// How long the end of a body that has nothing more to say is waited for, so that its connection serves again.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Reads that are there at once become one item, up to about this many bytes: more would only wait in memory.
const MOST_AT_ONCE: usize = 16 * 1024;

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
    let reading = Reading {
        body,
        parser: Parser::default(),
        decoder,
        waits,
        alarm: Alarm::default(),
        manner,
        finished: false,
        came: 0,
        held: Events::new(),
        stepped_aside: false,
    };
    Box::pin(EventStream(State::Reading(Box::new(reading))))
}

/// A stream in its [`State`].
struct EventStream<D>(State<D>);

enum State<D> {
    Reading(Box<Reading<D>>),
    /// The error that follows what came before it.
    Failing(CallError),
    Over,
}

impl<D: Decoder> Stream for EventStream<D> {
    type Item = Result<Events, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let State::Reading(reading) = &mut self.0 else {
            return Poll::Ready(match std::mem::replace(&mut self.0, State::Over) {
                State::Failing(error) => Some(Err(error)),
                _ => None,
            });
        };
        let mut events = std::mem::take(&mut reading.held);
        let Poll::Ready(outcome) = reading.poll(&mut events, cx) else {
            reading.held = events;
            return Poll::Pending;
        };
        events.iter_mut().for_each(|event| reading.manner.amend(event));
        match outcome {
            Ok(false) => {}
            Ok(true) => {
                if let State::Reading(reading) = std::mem::replace(&mut self.0, State::Over) {
                    reading.body.leave(LAST_BYTES);
                }
            }
            Err(error) => {
                let error = reading.amended(error);
                self.0 = if events.is_empty() { State::Over } else { State::Failing(error.clone()) };
                if events.is_empty() {
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready((!events.is_empty()).then_some(Ok(events)))
    }
}

/// A stream that is being read.
struct Reading<D> {
    body: Body,
    parser: Parser,
    decoder: D,
    waits: Waits,
    alarm: Alarm,
    manner: Manner,
    /// Whether the answer is whole.
    finished: bool,
    /// Bytes that were read for the next item.
    came: usize,
    /// What they said, while the connection is let read on.
    held: Events,
    /// Whether the connection was let read on since something came.
    stepped_aside: bool,
}

impl<D: Decoder> Reading<D> {
    /// Adds what the reads bring that are there: at least one that says something, and the last of them all; whether it
    /// was.
    fn poll(&mut self, into: &mut Events, cx: &mut Context<'_>) -> Poll<Result<bool, CallError>> {
        loop {
            let before = into.len();
            let outcome = match self.body.poll_next(cx) {
                Poll::Ready(Ok(Some(bytes))) => {
                    self.stepped_aside = false;
                    self.came += bytes.len();
                    self.take(bytes, into)
                }
                Poll::Ready(Ok(None)) => self.end(cut(), into),
                Poll::Ready(Err(error)) => self.end(error, into),
                // The connection hands over one piece at a time, and is a task of its own: it gets its turn once before
                // what came is passed on, so that what it has read already goes along instead of in a write of its own.
                Poll::Pending if !into.is_empty() && !self.stepped_aside => {
                    self.stepped_aside = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending if !into.is_empty() => break,
                Poll::Pending => {
                    ready!(self.alarm.poll(self.waits.until(), cx));
                    self.end(self.waits.late(), into)
                }
            };
            self.waits.came(&into[before..]);
            match outcome {
                Ok(false) if into.is_empty() || self.came < MOST_AT_ONCE => {}
                Ok(false) => break,
                // Whatever comes after the answer and makes no sense does not make it less whole. An error that is said does.
                Err(error) if self.finished && error.kind == ErrorKind::Malformed => {
                    tracing::debug!(%error, "something followed a whole answer");
                    return Poll::Ready(Ok(true));
                }
                outcome => return Poll::Ready(outcome),
            }
        }
        self.came = 0;
        Poll::Ready(Ok(false))
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
    /// What the next read brings; `None` at the end.
    ///
    /// # Errors
    /// The connection broke.
    async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Reads what is left, in the background if it is not there yet: a connection whose answer was read to its end is used
    /// again.
    fn leave(mut self, patience: Duration) {
        if self.next().now_or_never().is_none() {
            tokio::spawn(async move { tokio::time::timeout(patience, self.next()).await.map(|_| ()) });
        }
    }
}
