//! How errors are said: one table of statuses, and headers that tell clients whether to ask again.

use std::time::Duration;

use http::StatusCode;
use http::header::{ALLOW, CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use router_core::error_kind::ErrorKind;
use router_core::id::RequestId;
use router_engine::error::RouteError;
use router_providers::request_error::RequestError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::anthropic_error::{self, AnthropicError};
use crate::auth::directory::POLL_EVERY;
use crate::auth::refusal::Refusal;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::native_error::ErrorBody;
use crate::openai_error::{self, OpenAiError};
use crate::rate_headers;
use crate::response::{self, Reply};

/// As `Retry-After`, in milliseconds: OpenAI's SDKs prefer it.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Tells SDKs whether a retry of theirs can help.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The longest wait that is passed on: SDKs ignore longer ones and retry at once.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// When to ask again for what the database does not answer now: as long as a request waits for it.
const RECORDS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When to ask again where all models are out for the moment: by then a breaker lets somebody try.
const CANDIDATE_RETRY_AFTER: Duration = Duration::from_secs(30);

/// When to ask again where only another request has to end first, or shared counters to answer again.
const SLOT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Classes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorType {
    /// The request is at fault: change it.
    InvalidRequest,
    /// Nobody knows who the caller is.
    Authentication,
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
        use ErrorType::{Authentication, Internal, InvalidRequest, NotFound, Permission, RateLimit, Unavailable};
        match self {
            Self::Request(RequestError::NotJson { .. }) | Self::NotJson { .. } => {
                (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_json")
            }
            Self::Invalid { .. } | Self::Request(_) => (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_field"),
            Self::NotUtf8 { .. } => (StatusCode::BAD_REQUEST, InvalidRequest, "invalid_utf8"),
            Self::BodyCut => (StatusCode::BAD_REQUEST, InvalidRequest, "incomplete_body"),
            Self::BodySlow { .. } => (StatusCode::REQUEST_TIMEOUT, InvalidRequest, "body_timeout"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, InvalidRequest, "body_too_large"),
            Self::BodyMemory => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "body_memory_full"),
            Self::MediaType { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, InvalidRequest, "unsupported_media_type"),
            Self::NoHost => (StatusCode::BAD_REQUEST, InvalidRequest, "host_missing"),
            Self::HostNotAllowed { .. } => (StatusCode::FORBIDDEN, Permission, "host_not_allowed"),
            Self::OriginNotAllowed { .. } => (StatusCode::FORBIDDEN, Permission, "origin_not_allowed"),
            Self::Unauthenticated(refusal) => refusal_verdict(*refusal),
            Self::WrongPassword => (StatusCode::UNAUTHORIZED, Authentication, "wrong_password"),
            Self::IdentitiesUnavailable => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "identities_unavailable"),
            Self::CsrfToken => (StatusCode::FORBIDDEN, Permission, "csrf_token_missing"),
            Self::LoginThrottled { .. } => (StatusCode::TOO_MANY_REQUESTS, RateLimit, "login_throttled"),
            Self::WatchersFull => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "watchers_full"),
            Self::LoginBusy => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "login_busy"),
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
            Self::Unwritable(_) | Self::NoEnd => (StatusCode::INTERNAL_SERVER_ERROR, Internal, "internal"),
        }
    }

    /// The field at fault.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Request(error) => error.field(),
            Self::NotFound { field, .. } | Self::RecordsLate { field, .. } => *field,
            Self::UnknownModel { .. } | Self::Route(RouteError::UnknownModel { .. }) => Some("modelId"),
            _ => None,
        }
    }

    /// The error in the caller's dialect. Details that are the operator's business go to the log, not to the caller.
    pub(crate) fn tell(self, request_id: RequestId, dialect: Dialect) -> Told {
        if let Self::Store(error) = &self {
            tracing::warn!(%request_id, %error, "the store did not answer");
        }
        let (status, _, code) = self.verdict();
        let headers = self.headers(dialect);
        let (status, body) = match dialect {
            Dialect::Native => (status, serde_json::to_vec(&ErrorBody::of(self, request_id))),
            Dialect::OpenAi => (openai_error::verdict(&self).0, serde_json::to_vec(&OpenAiError::of(&self))),
            Dialect::Anthropic => {
                (anthropic_error::status(&self), serde_json::to_vec(&AnthropicError::of(&self, request_id)))
            }
        };
        // These bodies are texts and numbers: writing them does not fail.
        Told { status, code, headers, body: body.unwrap_or_default() }
    }

    /// The response.
    pub(crate) fn into_response(self, request_id: RequestId, dialect: Dialect) -> Reply {
        let Told { status, code, headers, body } = self.tell(request_id, dialect);
        let mut response = response::text(status, HeaderValue::from_static("application/json"), body);
        response.headers_mut().extend(headers);
        response.extensions_mut().insert(Code(code));
        response
    }

    /// What happened, for people.
    pub(crate) fn message(&self) -> String {
        match self {
            // The provider's words are about the caller's input: they say best what to change.
            Self::Route(RouteError::Failed { message, .. }) if !message.is_empty() => message.clone(),
            other => other.to_string(),
        }
    }

    fn headers(&self, dialect: Dialect) -> HeaderMap {
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
            Self::Unauthenticated(refusal) => {
                headers.insert(WWW_AUTHENTICATE, challenge(*refusal));
                wait(&mut headers, None);
            }
            Self::WrongPassword | Self::Forbidden | Self::CsrfToken => wait(&mut headers, None),
            Self::IdentitiesUnavailable => wait(&mut headers, Some(POLL_EVERY)),
            Self::LoginThrottled { wait: time } => wait(&mut headers, Some(*time)),
            Self::WatchersFull => wait(&mut headers, Some(Duration::from_secs(10))),
            Self::LoginBusy => wait(&mut headers, Some(Duration::from_secs(1))),
            Self::Store(_) | Self::RecordsLate { .. } => wait(&mut headers, Some(RECORDS_RETRY_AFTER)),
            Self::Route(error) => route_headers(error, dialect, &mut headers),
            _ => {}
        }
        headers
    }
}

/// An error in the caller's words.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    /// Ours, for the access log, whatever the dialect.
    pub(crate) code: &'static str,
    pub(crate) headers: HeaderMap,
    /// JSON, on one line.
    pub(crate) body: Vec<u8>,
}

/// The error's code, for the access log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) &'static str);

const fn refusal_verdict(refusal: Refusal) -> Verdict {
    use ErrorType::Authentication;
    match refusal {
        Refusal::Missing => (StatusCode::UNAUTHORIZED, Authentication, "credentials_missing"),
        Refusal::Several => (StatusCode::UNAUTHORIZED, Authentication, "credentials_ambiguous"),
        Refusal::Invalid => (StatusCode::UNAUTHORIZED, Authentication, "credentials_invalid"),
        Refusal::Expired => (StatusCode::UNAUTHORIZED, Authentication, "credentials_expired"),
        Refusal::Revoked => (StatusCode::UNAUTHORIZED, Authentication, "credentials_revoked"),
    }
}

/// RFC 6750: a request that presented nothing is told how, and no more.
const fn challenge(refusal: Refusal) -> HeaderValue {
    HeaderValue::from_static(match refusal {
        Refusal::Missing => "Bearer realm=\"llm-router\"",
        _ => "Bearer realm=\"llm-router\", error=\"invalid_token\"",
    })
}

fn route_verdict(error: &RouteError) -> Verdict {
    use ErrorType::{InvalidRequest, NotFound, RateLimit, Unavailable};
    match error {
        RouteError::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, RateLimit, "rate_limited"),
        RouteError::TooManyAtOnce { .. } => (StatusCode::TOO_MANY_REQUESTS, RateLimit, "too_many_at_once"),
        RouteError::OverBudget { .. } => (StatusCode::PAYMENT_REQUIRED, RateLimit, "over_budget"),
        RouteError::LimitsUnavailable => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, "limits_unavailable"),
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

fn route_headers(error: &RouteError, dialect: Dialect, headers: &mut HeaderMap) {
    match error {
        RouteError::RateLimited { by, allowance, retry_after } => {
            rate_headers::insert_refused(headers, dialect, *by, allowance);
            wait(headers, *retry_after);
        }
        RouteError::TooManyAtOnce { .. } | RouteError::LimitsUnavailable => wait(headers, Some(SLOT_RETRY_AFTER)),
        RouteError::Failed { retry_after, .. } => wait(headers, *retry_after),
        // Until a budget's next day or month no SDK waits.
        RouteError::NoProvider { .. } | RouteError::NotCached | RouteError::OverBudget { .. } => wait(headers, None),
        RouteError::RecordsUnavailable => wait(headers, Some(RECORDS_RETRY_AFTER)),
        RouteError::NoCandidate { transient: true, .. } => wait(headers, Some(CANDIDATE_RETRY_AFTER)),
        RouteError::UnknownModel { .. } | RouteError::NoCandidate { .. } => {}
    }
}

/// How long to wait, where a wait is known to help; else the word to SDKs that the attempts are spent, so that theirs
/// don't multiply with ours.
fn wait(headers: &mut HeaderMap, retry_after: Option<Duration>) {
    if let Some(wait) = retry_after {
        // Rounded up: a moment early is a second refusal.
        let millis = wait.min(LONGEST_RETRY_AFTER).as_nanos().div_ceil(1_000_000).max(1) as u64;
        headers.insert(RETRY_AFTER, millis.div_ceil(1000).into());
        headers.insert(RETRY_AFTER_MS, millis.into());
    }
    let again = if retry_after.is_some() { "true" } else { "false" };
    headers.insert(X_SHOULD_RETRY, HeaderValue::from_static(again));
}

#[cfg(test)]
mod tests {
    use router_core::error_kind::Phase;
    use router_core::raw_json::RawJson;

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
        let exact = told(Some(Duration::from_millis(2001)));
        assert_eq!((&exact[RETRY_AFTER_MS], &exact[X_SHOULD_RETRY]), (&2001.into(), &"true".parse().unwrap()));
        assert_eq!(told(None)[X_SHOULD_RETRY], "false");
        assert!(told(None).get(RETRY_AFTER).is_none());
    }

    #[test]
    fn whatever_passes_says_when_to_ask_again() {
        let records = || ApiError::Route(RouteError::RecordsUnavailable).headers(Dialect::Native);
        let late = ApiError::RecordsLate { what: "request", id: "x".into(), field: None };
        assert_eq!((&records()[RETRY_AFTER], &late.headers(Dialect::Native)[RETRY_AFTER]), (&5.into(), &5.into()));
        let out = |transient| {
            let (summary, decision) = (String::new(), RawJson::default());
            ApiError::Route(RouteError::NoCandidate { summary, decision, transient, too_long: None })
                .headers(Dialect::Native)
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
