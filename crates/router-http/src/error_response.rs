//! How errors are said: one JSON shape, and one table of statuses.

use std::time::Duration;

use http::header::{ALLOW, CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use router_core::attempt::Attempt;
use router_core::error_kind::ErrorKind;
use router_core::id::RequestId;
use router_core::raw_json::RawJson;
use router_engine::error::RouteError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::rate_headers;
use crate::response::{self, Reply};

/// Tells SDKs whether a retry of theirs can help.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The longest wait that is passed on: SDKs ignore longer ones and retry at once.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// When to ask again for what the database does not answer now: as long as a request waits for it.
const RECORDS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When to ask again where all models are out for the moment: by then a breaker lets somebody try.
const CANDIDATE_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The body of every error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ErrorDetail {
    /// The class: decides who can act.
    r#type: ErrorType,
    /// The exact reason; stable.
    code: &'static str,
    /// What happened and what to do, in English; not stable.
    message: String,
    /// The field at fault, as a path: `preferences.costWeight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The request, for the operator's log and records.
    request_id: RequestId,
    /// Everyone that was asked, where models were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Attempt>,
    /// Why no model can answer: the explanation of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<RawJson>,
}

/// Classes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorType {
    /// The request is at fault: change it.
    InvalidRequest,
    /// The caller may not.
    Permission,
    /// There is no such thing.
    NotFound,
    /// Too often: wait.
    RateLimit,
    /// The providers failed.
    Upstream,
    /// The router lacks something it needs: the operator can act.
    Unavailable,
    /// A defect of the router.
    Internal,
}

/// Status, class and code of an error.
pub(crate) type Verdict = (StatusCode, ErrorType, &'static str);

impl ApiError {
    /// The table.
    pub(crate) fn verdict(&self) -> Verdict {
        use ErrorType::{Internal, InvalidRequest, NotFound, Permission, Unavailable};
        match self {
            Self::Invalid { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_field"),
            Self::NotJson { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_json"),
            Self::NotUtf8 { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_utf8"),
            Self::BodyCut => (StatusCode::BAD_REQUEST, InvalidRequest, "incomplete_body"),
            Self::BodySlow { .. } => (StatusCode::REQUEST_TIMEOUT, InvalidRequest, "body_timeout"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, InvalidRequest, "body_too_large"),
            Self::BodyMemory => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "body_memory_full"),
            Self::MediaType { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, InvalidRequest, "unsupported_media_type"),
            Self::NoHost => (StatusCode::BAD_REQUEST, InvalidRequest, "host_missing"),
            Self::HostNotAllowed { .. } => (StatusCode::FORBIDDEN, Permission, "host_not_allowed"),
            Self::OriginNotAllowed { .. } => (StatusCode::FORBIDDEN, Permission, "origin_not_allowed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, Permission, "role_not_allowed"),
            Self::NoSuchPath { .. } => (StatusCode::NOT_FOUND, NotFound, "no_such_path"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, InvalidRequest, "method_not_allowed"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, NotFound, "not_found"),
            Self::SwitchedOff { .. } => (StatusCode::NOT_FOUND, NotFound, "switched_off"),
            Self::UnknownModel { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "unknown_model"),
            Self::Route(error) => route_verdict(error),
            Self::Store(_) | Self::RecordsLate { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "records_unavailable")
            }
            Self::Unwritable(_) => (StatusCode::INTERNAL_SERVER_ERROR, Internal, "internal"),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::NotFound { field, .. } | Self::RecordsLate { field, .. } => *field,
            Self::UnknownModel { .. } | Self::Route(RouteError::UnknownModel { .. }) => Some("modelId"),
            _ => None,
        }
    }

    /// The response. Details that are the operator's business go to the log, not to the caller.
    pub(crate) fn into_response(self, request_id: RequestId) -> Reply {
        let (status, r#type, code) = self.verdict();
        if let Self::Store(error) = &self {
            tracing::warn!(%request_id, %error, "the store did not answer");
        }
        let headers = self.headers();
        let (message, field) = (self.message(), self.field().map(str::to_owned));
        let (attempts, decision) = match self {
            Self::Route(RouteError::Failed { attempts, .. }) => (attempts, None),
            Self::Route(RouteError::NoCandidate { decision, .. }) => (Vec::new(), Some(decision)),
            _ => (Vec::new(), None),
        };
        let detail = ErrorDetail { r#type, code, message, field, request_id, attempts, decision };
        let mut response = response::json(status, &ErrorBody { error: detail }).unwrap_or_else(|_| {
            let mut bare = Response::new(http_body_util::Full::default());
            *bare.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            bare
        });
        response.headers_mut().extend(headers);
        response.extensions_mut().insert(Code(code));
        response
    }

    fn message(&self) -> String {
        match self {
            // The provider's words are about the caller's input: they say best what to change.
            Self::Route(RouteError::Failed { message, .. }) if !message.is_empty() => message.clone(),
            other => other.to_string(),
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match self {
            Self::MethodNotAllowed { allow } => {
                headers.extend(HeaderValue::from_str(allow).map(|allow| (ALLOW, allow)));
            }
            // What is left of the body would be read as the next request.
            Self::BodyTooLarge { .. } | Self::BodySlow { .. } | Self::BodyCut => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::BodyMemory => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
                wait(&mut headers, Some(Duration::from_secs(1)));
            }
            Self::Store(_) | Self::RecordsLate { .. } => wait(&mut headers, Some(RECORDS_RETRY_AFTER)),
            Self::Route(error) => route_headers(error, &mut headers),
            _ => {}
        }
        headers
    }
}

/// The error's code, for the access log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) &'static str);

fn route_verdict(error: &RouteError) -> Verdict {
    use ErrorType::{InvalidRequest, NotFound, RateLimit, Unavailable};
    match error {
        RouteError::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, RateLimit, "rate_limited"),
        RouteError::UnknownModel { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "unknown_model"),
        RouteError::NoProvider { .. } => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "no_provider"),
        RouteError::NoCandidate { transient: true, .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "no_candidate_now")
        }
        RouteError::NoCandidate { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "no_candidate"),
        // RFC 9111 has 504 for `only-if-cached`; SDKs retry that by themselves, and asking again does not help here.
        RouteError::NotCached => (StatusCode::NOT_FOUND, NotFound, "not_cached"),
        RouteError::RecordsUnavailable => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "records_unavailable"),
        RouteError::Failed { kind, .. } => failed_verdict(*kind),
    }
}

/// What the caller gets when everyone that was asked failed. A provider that refuses *our* key is never the caller's 401.
const fn failed_verdict(kind: ErrorKind) -> Verdict {
    use ErrorType::{InvalidRequest, RateLimit, Upstream};
    match kind {
        ErrorKind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, RateLimit, "upstream_rate_limited"),
        ErrorKind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, Upstream, "upstream_overloaded"),
        ErrorKind::Auth | ErrorKind::Quota | ErrorKind::NotFound => {
            (StatusCode::SERVICE_UNAVAILABLE, Upstream, "upstream_misconfigured")
        }
        ErrorKind::ServerError | ErrorKind::Connection | ErrorKind::Malformed => {
            (StatusCode::BAD_GATEWAY, Upstream, "upstream_failed")
        }
        ErrorKind::Timeout(_) => (StatusCode::GATEWAY_TIMEOUT, Upstream, "upstream_timeout"),
        ErrorKind::ContextTooLong => (StatusCode::BAD_REQUEST, InvalidRequest, "context_too_long"),
        ErrorKind::ContentPolicy => (StatusCode::BAD_REQUEST, InvalidRequest, "content_policy"),
        ErrorKind::InvalidRequest | ErrorKind::Unsupported => {
            (StatusCode::BAD_REQUEST, InvalidRequest, "refused_by_provider")
        }
        ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, InvalidRequest, "too_large_for_provider"),
        // Only a request whose caller has left ends so; nobody reads this.
        ErrorKind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, Upstream, "cancelled"),
    }
}

fn route_headers(error: &RouteError, headers: &mut HeaderMap) {
    match error {
        RouteError::RateLimited { allowance, retry_after } => {
            rate_headers::insert(headers, allowance);
            wait(headers, *retry_after);
        }
        RouteError::Failed { retry_after, .. } => wait(headers, *retry_after),
        RouteError::NoProvider { .. } | RouteError::NotCached => wait(headers, None),
        RouteError::RecordsUnavailable => wait(headers, Some(RECORDS_RETRY_AFTER)),
        RouteError::NoCandidate { transient: true, .. } => wait(headers, Some(CANDIDATE_RETRY_AFTER)),
        RouteError::UnknownModel { .. } | RouteError::NoCandidate { .. } => {}
    }
}

/// `Retry-After` where a wait is known to help; else the word to SDKs that the attempts are spent, so that theirs
/// don't multiply with ours.
fn wait(headers: &mut HeaderMap, retry_after: Option<Duration>) {
    match retry_after {
        // Rounded up: a second early is a second refusal.
        Some(wait) => {
            let seconds = wait.min(LONGEST_RETRY_AFTER).as_millis().div_ceil(1000).max(1) as u64;
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        None => {
            headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
    }
}

#[cfg(test)]
mod tests {
    use router_core::error_kind::Phase;

    use super::*;

    #[test]
    fn a_providers_401_is_never_the_callers() {
        for kind in [ErrorKind::Auth, ErrorKind::Quota, ErrorKind::NotFound] {
            assert_eq!(failed_verdict(kind).0, StatusCode::SERVICE_UNAVAILABLE, "{kind}");
        }
    }

    #[test]
    fn a_silent_provider_is_a_gateway_timeout() {
        for phase in [Phase::Connect, Phase::FirstEvent, Phase::Idle, Phase::Total] {
            assert_eq!(failed_verdict(ErrorKind::Timeout(phase)).0, StatusCode::GATEWAY_TIMEOUT);
        }
    }

    #[test]
    fn waits_are_whole_seconds_rounded_up_and_bounded() {
        let told = |wait_for: Option<Duration>| {
            let mut headers = HeaderMap::new();
            wait(&mut headers, wait_for);
            headers
        };
        assert_eq!(told(Some(Duration::from_millis(1)))[RETRY_AFTER], "1");
        assert_eq!(told(Some(Duration::from_millis(2001)))[RETRY_AFTER], "3");
        assert_eq!(told(Some(Duration::from_secs(9999)))[RETRY_AFTER], "120");
        assert_eq!(told(None)[X_SHOULD_RETRY], "false");
    }

    #[test]
    fn whatever_passes_says_when_to_ask_again() {
        let records = || ApiError::Route(RouteError::RecordsUnavailable).headers();
        let late = ApiError::RecordsLate { what: "request", id: "x".into(), field: None };
        assert_eq!((&records()[RETRY_AFTER], &late.headers()[RETRY_AFTER]), (&5.into(), &5.into()));
        let out = |transient| {
            let (summary, decision) = (String::new(), RawJson::default());
            ApiError::Route(RouteError::NoCandidate { summary, decision, transient }).headers()
        };
        assert_eq!(out(true)[RETRY_AFTER], "30");
        assert!(out(false).is_empty());
    }

    #[test]
    fn the_providers_words_reach_the_caller_only_where_the_fault_is_the_callers() {
        let failed = |message: &str| {
            ApiError::Route(RouteError::Failed {
                kind: ErrorKind::InvalidRequest,
                message: message.to_owned(),
                attempts: Vec::new(),
                retry_after: None,
            })
        };
        assert_eq!(failed("`stop` may have 4 items").message(), "`stop` may have 4 items");
        assert!(failed("").message().starts_with("no model answered"));
    }
}
