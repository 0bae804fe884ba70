//! A response body played step by step, so that it can stop, wait or break off where a fault says so.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::attempt::Running;

/// One step of a body.
#[derive(Debug)]
pub(crate) enum Step {
    /// These bytes.
    Send(Bytes),
    /// Nothing, for so long; what was sent before is on its way meanwhile.
    Wait(Duration),
    /// The connection closes, whatever was promised.
    Cut,
}

/// A body, and the attempt it ends.
#[derive(Debug)]
pub(crate) struct Playback {
    steps: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Completed with the last step, before its bytes reach the caller: who has read an answer finds it in the log.
    running: Option<Running>,
}

impl Playback {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>, running: Option<Running>) -> Self {
        Self { steps: steps.into_iter().collect(), pause: None, running }
    }

    /// One piece.
    pub(crate) fn whole(bytes: Bytes, running: Option<Running>) -> Self {
        Self::new([Step::Send(bytes)], running)
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let step = self.steps.pop_front();
            if self.steps.is_empty()
                && let Some(mut running) = self.running.take()
            {
                running.complete();
            }
            match step {
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(duration)) => self.pause = Some(Box::pin(sleep(duration))),
                Some(Step::Cut) => return Poll::Ready(Some(Err(io::Error::other("the script cuts here")))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.pause.is_none()
    }
}
