//! Responses, and what every one of them carries.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use router_core::id::RequestId;
use serde::Serialize;

use crate::api::live_requests::Events;
use crate::error::ApiError;
use crate::sse::Sse;

/// What a handler answers.
pub(crate) type Reply = Response<ReplyBody>;

/// The body of an answer.
pub(crate) enum ReplyBody {
    /// All of it.
    Whole(Full<Bytes>),
    /// What is written as it comes.
    Stream(Box<Sse>),
    /// Events that do not end by themselves.
    Events(Events),
}

impl ReplyBody {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Stream(stream) => stream.poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Self::Events(events) => {
                events.as_mut().poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(stream) => stream.has_ended(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(_) | Self::Events(_) => SizeHint::default(),
        }
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Reply, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(ApiError::Unwritable)?;
    Ok(text(status, HeaderValue::from_static("application/json"), bytes))
}

/// A 200 with JSON.
pub(crate) fn ok(body: &impl Serialize) -> Result<Reply, ApiError> {
    json(StatusCode::OK, body)
}

/// An answer of any text type.
pub(crate) fn text(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(ReplyBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// OpenAI's name of a request's id, and Anthropic's: each SDK shows its own in errors.
const REQUEST_ID_NAMES: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("request-id")];

/// For answers that are data, not pages: no browser may run, frame, sniff, embed or keep them.
const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Adds the request's id and the security headers.
pub(crate) fn dress(response: &mut Reply, id: RequestId) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.extend(REQUEST_ID_NAMES.map(|name| (name, id.clone())));
    }
    headers.extend(SECURITY);
}
