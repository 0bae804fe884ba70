//! A response body played step by step, so that it can stop, wait or break off where a fault says so.

use std::fmt;
use std::io;
use std::iter::Peekable;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::attempt::Running;
use crate::line::Doom;

/// Long enough for what was sent before to leave: hyper throws away what it has not yet written when a body fails,
/// and writes what it has when a body pauses.
pub(crate) const FLUSH: Duration = Duration::from_millis(5);

/// One step of a body.
#[derive(Debug)]
pub(crate) enum Step {
    /// These bytes, which bring so many tokens of a stream.
    Send {
        /// What is sent.
        bytes: Bytes,
        /// For the log.
        tokens: u64,
    },
    /// Nothing, for so long; what was sent before is on its way meanwhile.
    Wait(Duration),
    /// Nothing, for as long as the caller stays.
    Stall,
    /// The connection closes, whatever was promised.
    Cut,
    /// The connection is reset.
    Reset,
}

type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// A body, and the attempt it ends.
pub(crate) struct Playback {
    steps: Peekable<Steps>,
    pause: Option<Pin<Box<Sleep>>>,
    stalled: bool,
    /// Completed with the last step, before its bytes reach the caller: who has read an answer finds it in the log.
    running: Option<Running>,
    /// The connection's, once it is known.
    doom: Option<Doom>,
}

impl Playback {
    pub(crate) fn new<S>(steps: S, running: Option<Running>) -> Self
    where
        S: IntoIterator<Item = Step>,
        S::IntoIter: Send + 'static,
    {
        let steps: Steps = Box::new(steps.into_iter());
        Self { steps: steps.peekable(), pause: None, stalled: false, running, doom: None }
    }

    /// One piece.
    pub(crate) fn whole(bytes: Bytes, running: Option<Running>) -> Self {
        Self::new([Step::Send { bytes, tokens: 0 }], running)
    }

    /// The same on a connection that it can reset.
    pub(crate) fn over(mut self, doom: Doom) -> Self {
        self.doom = Some(doom);
        self
    }

    /// Writes down what a step brings and whether it is the last one.
    fn log(&mut self, step: Option<&Step>) {
        if let (Some(running), Some(Step::Send { tokens, .. })) = (&self.running, step) {
            running.sent(*tokens);
        }
        if let Some(running) = &mut self.running
            && matches!(step, Some(Step::Stall))
        {
            // It ends when the caller goes, and as played.
            running.complete();
        } else if self.steps.peek().is_none()
            && let Some(mut running) = self.running.take()
        {
            running.complete();
        }
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if self.stalled {
                // Nothing wakes it: the connection is watched by hyper meanwhile.
                return Poll::Pending;
            }
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let step = self.steps.next();
            self.log(step.as_ref());
            match step {
                Some(Step::Send { bytes, .. }) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(duration)) => self.pause = Some(Box::pin(sleep(duration))),
                Some(Step::Stall) => self.stalled = true,
                Some(Step::Reset) => {
                    if let Some(doom) = &self.doom {
                        doom.store(true, Ordering::Relaxed);
                    }
                    return Poll::Ready(Some(Err(io::Error::other("the script resets here"))));
                }
                Some(Step::Cut) => return Poll::Ready(Some(Err(io::Error::other("the script cuts here")))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Playback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playback")
            .field("stalled", &self.stalled)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}
