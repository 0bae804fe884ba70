//! A response body on its way: it keeps its connection busy, and its request's log line open.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::access_log::{AccessLog, Ended};
use crate::activity::InFlight;
use crate::response::ReplyBody;

/// A response body that counts what is taken of it. Dropped by the connection once it was handed over, or the caller has
/// left: then the request ends, and its line is written.
pub(crate) struct TrackedBody {
    body: ReplyBody,
    log: AccessLog,
    _request: InFlight,
}

impl TrackedBody {
    pub(crate) fn new(body: ReplyBody, log: AccessLog, request: InFlight) -> Self {
        let mut tracked = Self { body, log, _request: request };
        tracked.note_end();
        tracked
    }

    fn note_end(&mut self) {
        if self.body.is_end_stream() {
            self.log.ended = match &self.body {
                ReplyBody::Stream(stream) => stream.error_code().map_or(Ended::Whole, Ended::Error),
                ReplyBody::Whole(_) | ReplyBody::Events(_) => Ended::Whole,
            };
        }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.log.bytes_out += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        self.note_end();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
