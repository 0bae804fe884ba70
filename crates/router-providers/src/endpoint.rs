//! One address of one provider: the connection pool, what is sent with every request, how long it may take.
//! The only file that knows the HTTP client.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use router_core::error_kind::{ErrorKind, Phase};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use crate::answer::{CallError, Spent};
use crate::base_url;
use crate::connector::Connector;
use crate::fault;
use crate::kinds::{KeyHeader, Kind};
use crate::scrub::Scrubber;
use crate::setup::{InstanceConfig, SetupError};
use crate::waits::Waits;

/// How long a connection is kept for the next request: shorter than the providers' own limits, so that we close first.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// The largest body that is read. An answer of 128,000 tokens is about 1 MB; images in base64 are larger.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// The largest error that is read. What is kept of it is far less.
const LARGEST_ERROR: usize = 64 * 1024;

/// How long the words of an error may take after its status, which says most of it: they come in the same packet, or something
/// is wrong.
const ERROR_WORDS: Duration = Duration::from_secs(2);

/// Values of configured headers from this length on are kept out of messages, as the key is.
const SHORTEST_SECRET_HEADER: usize = 8;

/// Headers that belong to the connection, not to whoever configures an instance.
const NOT_CONFIGURABLE: [&str; 5] = ["connection", "content-length", "content-type", "host", "transfer-encoding"];

/// One address of one provider.
///
/// No redirect is followed: a key must not travel to another host, and no provider redirects.
pub(crate) struct Endpoint {
    client: Client<Connector, Full<Bytes>>,
    address: Uri,
    /// Sent with every request.
    headers: HeaderMap,
    scrubber: Arc<Scrubber>,
}

impl Endpoint {
    /// Sets up the address of `kind` that ends with `path`, as the instance is configured.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(crate) fn new(kind: &Kind, path: &str, config: &InstanceConfig) -> Result<Self, SetupError> {
        let base = config.base_url.as_deref().or(kind.base_url).ok_or(SetupError::NoBaseUrl { kind: kind.name })?;
        let address = base_url::join(base, path)?;
        let address: Uri = address.parse().map_err(|_| SetupError::BaseUrl { why: "it is not a URL" })?;
        let connector = Connector::to(&address).map_err(|error| SetupError::Client(chain(&error)))?;
        let mut headers = headers(kind, config)?;
        headers.extend(connector.credentials().map(|credentials| (PROXY_AUTHORIZATION, credentials.clone())));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .build(connector);
        // Short values of headers are words (`true`, a version), not secrets.
        let values = config.headers.iter().map(|(_, value)| value);
        let secret_values = values.filter(|value| value.expose_secret().len() >= SHORTEST_SECRET_HEADER);
        let secrets = config.api_key.iter().chain(secret_values).cloned();
        Ok(Self { client, address, headers, scrubber: Arc::new(Scrubber::new(secrets)) })
    }

    /// Sends a body and waits for the whole answer to it, `total` at most.
    ///
    /// There is one deadline, not one for the headers and one for the rest: providers send the headers of an answer
    /// that is not streamed when the answer is written.
    ///
    /// # Errors
    /// Everything that is not the body of a response with a status of success. No message holds a secret.
    pub(crate) async fn ask(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        total: Duration,
    ) -> Result<Bytes, CallError> {
        self.ask_unscrubbed(headers, body, total).await.map_err(|error| self.scrub(error))
    }

    /// The error without secrets in its message.
    pub(crate) fn scrub(&self, error: CallError) -> CallError {
        CallError { message: self.scrubber.scrub(&error.message), ..error }
    }

    /// Sends a body and waits for the headers of a stream. A whole answer in place of a stream may take as long as one that
    /// was asked for.
    ///
    /// # Errors
    /// Everything that is not a response with a status of success. No message holds a secret.
    pub(crate) async fn open(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        waits: &Waits,
    ) -> Result<Opened, CallError> {
        let opening = async {
            let response = self.send(headers, body, "text/event-stream", waits.until()).await?;
            let response = succeeded(response, waits.whole_by()).await?;
            if !is_json(response.headers()) {
                let body = response.into_body();
                return Ok(Opened::Stream(Body { body, scrubber: Arc::clone(&self.scrubber) }));
            }
            whole_body(response, waits.whole_by()).await.map(Opened::Whole)
        };
        opening.await.map_err(|error| self.scrub(error))
    }

    async fn ask_unscrubbed(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        total: Duration,
    ) -> Result<Bytes, CallError> {
        let by = Instant::now() + total;
        let response = self.send(headers, body, "application/json", by).await?;
        whole_body(succeeded(response, by).await?, by).await
    }

    /// Sends a request and waits for the headers of the response.
    async fn send(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        accept: &'static str,
        by: Instant,
    ) -> Result<Response<Incoming>, CallError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.clone();
        *request.headers_mut() = self.headers.clone();
        let all = request.headers_mut();
        // What the operator configured wins.
        all.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
        for (name, value) in headers.iter().filter(|(name, _)| !self.headers.contains_key(*name)) {
            let value = HeaderValue::from_str(value).map_err(|error| unsendable(name, &error))?;
            all.append(*name, value);
        }
        let sent = timeout_at(by, self.client.request(request)).await;
        sent.map_err(|_| no_headers())?.map_err(before_response)
    }
}

/// What came in answer to a request for a stream.
pub(crate) enum Opened {
    /// A stream, not yet read.
    Stream(Body),
    /// JSON at once: a server that does not stream, or an error.
    Whole(Bytes),
}

/// The body of a response that is being read.
pub(crate) struct Body {
    body: Incoming,
    scrubber: Arc<Scrubber>,
}

impl Body {
    /// What the next read brings; `None` at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, CallError>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(frame) => frame.map_err(within_body)?,
                None => return Poll::Ready(Ok(None)),
            };
            // Trailers say nothing that is read here.
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Ok(Some(data)));
            }
        }
    }

    /// The error without secrets in its message.
    pub(crate) fn scrub(&self, error: CallError) -> CallError {
        CallError { message: self.scrubber.scrub(&error.message), ..error }
    }
}

/// The response, if its status is one of success; the words of an error are waited for until `by` at the longest.
async fn succeeded(response: Response<Incoming>, by: Instant) -> Result<Response<Incoming>, CallError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // The status says most of it: an error whose words are cut short or late is still that error.
    let words = start_of_body(response.into_body(), by).await;
    Err(fault::from_response(status, &headers, &words, Timestamp::now()))
}

/// Whatever else a body may call itself, its events will tell.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("application/json")
}

fn headers(kind: &Kind, config: &InstanceConfig) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("llm-router/", env!("CARGO_PKG_VERSION"))));
    match (&config.api_key, kind.key) {
        (Some(key), KeyHeader { name, prefix, .. }) => {
            let value = secret(prefix, key).ok_or(SetupError::Key)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        (None, KeyHeader { required: true, .. }) => return Err(SetupError::NoKey { kind: kind.name }),
        (None, _) => {}
    }
    for (name, value) in &config.headers {
        let refuse = |why| SetupError::Header { name: name.clone(), why };
        if NOT_CONFIGURABLE.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(refuse("it belongs to the connection"));
        }
        let header = HeaderName::try_from(name.as_str()).map_err(|_| refuse("it is no header name"))?;
        let value = secret("", value).ok_or_else(|| refuse("its value holds characters that cannot be sent"))?;
        headers.insert(header, value);
    }
    Ok(headers)
}

/// A header value whose `Debug` does not show it.
fn secret(prefix: &str, value: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", value.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The whole body, as long as it is there by then.
async fn whole_body(response: Response<Incoming>, by: Instant) -> Result<Bytes, CallError> {
    timeout_at(by, collected(response.into_body())).await.map_err(|_| not_whole())?
}

async fn collected(mut body: Incoming) -> Result<Bytes, CallError> {
    let too_large = || fault::malformed(&format!("the response is larger than {LARGEST_BODY} bytes"));
    let announced = body.size_hint().exact().unwrap_or(0);
    if announced > LARGEST_BODY as u64 {
        return Err(too_large());
    }
    let announced = usize::try_from(announced).unwrap_or(0);
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(within_body)?.into_data() else { continue };
        if pieces.len() + whole.len() + piece.len() > LARGEST_BODY {
            return Err(too_large());
        }
        // Most answers come in one piece, which need not be copied.
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
            continue;
        }
        if pieces.is_empty() {
            pieces.reserve(announced.max(whole.len() + piece.len()));
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&piece);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}

/// What comes of the body within [`ERROR_WORDS`], and by then.
async fn start_of_body(mut body: Incoming, by: Instant) -> Vec<u8> {
    let mut start = Vec::new();
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(piece) = frame.into_data() else { continue };
            start.extend_from_slice(&piece);
            if start.len() >= LARGEST_ERROR {
                break;
            }
        }
    };
    // Read or not, what there is of the body is all there will be.
    let _ = timeout_at(by.min(Instant::now() + ERROR_WORDS), read).await;
    start
}

fn before_response(error: legacy::Error) -> CallError {
    let kind = match (ran_out(&error), error.is_connect()) {
        (true, true) => ErrorKind::Timeout(Phase::Connect),
        (true, false) => ErrorKind::Timeout(Phase::FirstEvent),
        (false, _) => ErrorKind::Connection,
    };
    let spent = if error.is_connect() { Spent::Nothing } else { Spent::Unknown };
    CallError { spent, ..CallError::new(kind, format!("the request could not be sent: {}", chain(&error))) }
}

/// Whether a time that ran out is among the causes.
fn ran_out(error: &dyn Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Nothing of ours has such characters.
fn unsendable(name: &str, error: &dyn Error) -> CallError {
    CallError::new(ErrorKind::InvalidRequest, format!("the header {name} cannot be sent: {error}"))
}

fn within_body(error: hyper::Error) -> CallError {
    if ran_out(&error) {
        return not_whole();
    }
    fault::malformed(&format!("the response stopped before its end: {}", chain(&error)))
}

fn no_headers() -> CallError {
    let late = CallError::new(ErrorKind::Timeout(Phase::FirstEvent), "the response did not begin in time");
    CallError { spent: Spent::Unknown, ..late }
}

fn not_whole() -> CallError {
    let late = CallError::new(ErrorKind::Timeout(Phase::Total), "the response was not complete in time");
    CallError { spent: Spent::Unknown, ..late }
}

/// The error and its causes: the client's own words are only "error sending request".
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
