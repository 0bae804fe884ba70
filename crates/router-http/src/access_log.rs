//! One log line and one count for each request, when it has ended, whatever became of it. The field names are fixed: docs/LOGGING.md.

use std::net::SocketAddr;
use std::time::Instant;

use http::header::HeaderMap;
use http::request::Parts;
use http::{Method, Version};
use metrics::{counter, histogram};
use router_core::id::RequestId;
use router_engine::metrics::{HTTP_REQUESTS, HTTP_SECONDS};
use uuid::Uuid;

use crate::error_response::Code;
use crate::response::Reply;

/// What nginx writes for a caller that left before the answer: no response had a status.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The longest part of a caller's own request id that is logged.
const CLIENT_ID_LENGTH: usize = 128;

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All of it was handed to the connection.
    Whole,
    /// A stream ended with an error, of that code, after its status was sent.
    Error(&'static str),
    /// The caller left before.
    Aborted,
}

impl Ended {
    const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Error(_) => "error",
            Self::Aborted => "aborted",
        }
    }
}

/// What is noted of one request. Written down when dropped, so that a request whose caller left is not missing.
#[derive(Debug)]
pub(crate) struct AccessLog {
    pub(crate) id: RequestId,
    peer: SocketAddr,
    method: Method,
    version: Version,
    client_request_id: Option<String>,
    begun: Instant,
    /// The pattern (`/api/requests/{id}`), not the path: paths and queries may hold what people asked for.
    pub(crate) route: Option<&'static str>,
    /// Body bytes read.
    pub(crate) bytes_in: usize,
    status: u16,
    error_code: Option<&'static str>,
    /// Body bytes handed to the connection.
    pub(crate) bytes_out: u64,
    pub(crate) ended: Ended,
}

impl AccessLog {
    pub(crate) fn begin(id: RequestId, peer: SocketAddr, request: &Parts) -> Self {
        Self {
            id,
            peer,
            method: request.method.clone(),
            version: request.version,
            client_request_id: client_request_id(&request.headers),
            begun: Instant::now(),
            route: None,
            bytes_in: 0,
            status: CLIENT_CLOSED_REQUEST,
            error_code: None,
            bytes_out: 0,
            ended: Ended::Aborted,
        }
    }

    /// The request is being answered.
    pub(crate) fn answering(&mut self, response: &Reply) {
        self.status = response.status().as_u16();
        self.error_code = response.extensions().get::<Code>().map(|code| code.0);
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        let elapsed = self.begun.elapsed();
        let route = self.route.unwrap_or("unmatched");
        let error_code = match self.ended {
            Ended::Error(code) => Some(code),
            Ended::Whole | Ended::Aborted => self.error_code,
        };
        counter!(HTTP_REQUESTS, "route" => route, "method" => label(&self.method), "status" => self.status.to_string())
            .increment(1);
        histogram!(HTTP_SECONDS, "route" => route).record(elapsed);
        tracing::info!(
            target: "router_http::access",
            request_id = &*self.id.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()),
            client_request_id = self.client_request_id,
            method = self.method.as_str(),
            route,
            status = self.status,
            duration_ms = elapsed.as_micros() as f64 / 1e3,
            bytes_in = self.bytes_in,
            bytes_out = self.bytes_out,
            peer = %self.peer,
            protocol = ?self.version,
            ended = self.ended.name(),
            error_code,
            "request"
        );
    }
}

/// A label of a metric. Methods are the caller's invention; labels must not be.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own id of the request: printable ASCII, shortened. Never trusted, never used as ours.
fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("x-request-id")?.as_bytes();
    let clean =
        given.iter().take(CLIENT_ID_LENGTH).filter(|byte| byte.is_ascii_graphic()).map(|&byte| char::from(byte));
    Some(clean.collect::<String>()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_callers_id_cannot_forge_log_lines() {
        let given = |id: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_bytes(id).unwrap());
            client_request_id(&headers)
        };
        assert_eq!(given(b"abc-1").as_deref(), Some("abc-1"));
        assert_eq!(given(b"a\tb \xff{}").as_deref(), Some("ab{}"));
        assert_eq!(given(b" "), None);
        assert_eq!(given(&[b'x'; 999]).map(|id| id.len()), Some(CLIENT_ID_LENGTH));
    }
}
