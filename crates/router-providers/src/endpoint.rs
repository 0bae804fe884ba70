//! One address of one provider: the connection pool, what is sent with every request, how long it may take.
//! The only file that knows the HTTP client.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url, retry};
use router_core::error_kind::{ErrorKind, Phase};
use secrecy::{ExposeSecret, SecretString};

use crate::answer::{CallError, Spent};
use crate::base_url;
use crate::fault;
use crate::kinds::{KeyHeader, Kind};
use crate::scrub::Scrubber;
use crate::setup::{InstanceConfig, SetupError};
use crate::waits::Waits;

/// For the TCP and TLS handshakes. The official SDKs allow 5 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
pub(crate) struct Endpoint {
    client: Client,
    url: Url,
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
        let url = base_url::join(base, path)?;
        let url = Url::parse(&url).map_err(|_| SetupError::BaseUrl { why: "it is not a URL" })?;
        let client = Client::builder()
            // Not HTTP/2: there all requests to a host share one connection, and providers cap it at about 100 at a time.
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            .tcp_nodelay(true)
            // A key must not follow a redirect to another host, and no provider redirects.
            .redirect(Policy::none())
            .retry(retry::never())
            .build()
            .map_err(|error| SetupError::Client(chain(&error)))?;
        // Short values of headers are words (`true`, a version), not secrets.
        let values = config.headers.iter().map(|(_, value)| value);
        let secret_values = values.filter(|value| value.expose_secret().len() >= SHORTEST_SECRET_HEADER);
        let secrets = config.api_key.iter().chain(secret_values).cloned();
        Ok(Self { client, url, headers: headers(kind, config)?, scrubber: Arc::new(Scrubber::new(secrets)) })
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
            let request = self.request(headers, body, "text/event-stream");
            let sent = tokio::time::timeout_at(waits.until(), request.send()).await;
            let response = succeeded(sent.map_err(|_| no_headers())?.map_err(before_response)?).await?;
            if !is_json(response.headers()) {
                return Ok(Opened::Stream(Body { response, scrubber: Arc::clone(&self.scrubber) }));
            }
            let body = tokio::time::timeout_at(waits.whole_by(), whole_body(response)).await;
            body.map_err(|_| not_whole())?.map(Opened::Whole)
        };
        opening.await.map_err(|error| self.scrub(error))
    }

    async fn ask_unscrubbed(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        total: Duration,
    ) -> Result<Bytes, CallError> {
        let request = self.request(headers, body, "application/json").timeout(total);
        whole_body(succeeded(request.send().await.map_err(before_response)?).await?).await
    }

    fn request(&self, headers: &[(&'static str, String)], body: Vec<u8>, accept: &'static str) -> RequestBuilder {
        let mut request = self.client.post(self.url.clone()).header(ACCEPT, accept).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // Set last and replacing: what the operator configured wins.
        request.headers(self.headers.clone())
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
    response: Response,
    scrubber: Arc<Scrubber>,
}

impl Body {
    /// What the next read brings; `None` at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        self.response.chunk().await.map_err(within_body)
    }

    /// The error without secrets in its message.
    pub(crate) fn scrub(&self, error: CallError) -> CallError {
        CallError { message: self.scrubber.scrub(&error.message), ..error }
    }
}

/// The response, if its status is one of success.
async fn succeeded(response: Response) -> Result<Response, CallError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // The status says most of it: an error whose words are cut short or late is still that error.
    let words = start_of_body(response).await;
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

async fn whole_body(mut response: Response) -> Result<Bytes, CallError> {
    let too_large = || fault::malformed(&format!("the response is larger than {LARGEST_BODY} bytes"));
    let announced = response.content_length().unwrap_or(0);
    if announced > LARGEST_BODY as u64 {
        return Err(too_large());
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(within_body)? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What comes of the body within [`ERROR_WORDS`].
async fn start_of_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= LARGEST_ERROR {
                break;
            }
        }
    };
    // Read or not, what there is of the body is all there will be.
    let _ = tokio::time::timeout(ERROR_WORDS, read).await;
    body
}

fn before_response(error: reqwest::Error) -> CallError {
    let kind = match (error.is_timeout(), error.is_connect()) {
        (true, true) => ErrorKind::Timeout(Phase::Connect),
        (true, false) => ErrorKind::Timeout(Phase::FirstEvent),
        (false, _) => ErrorKind::Connection,
    };
    let not_sent = error.is_connect() || error.is_builder();
    let spent = if not_sent { Spent::Nothing } else { Spent::Unknown };
    CallError { spent, ..CallError::new(kind, chain(&error.without_url())) }
}

fn within_body(error: reqwest::Error) -> CallError {
    if error.is_timeout() {
        return not_whole();
    }
    fault::malformed(&format!("the response stopped before its end: {}", chain(&error.without_url())))
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
