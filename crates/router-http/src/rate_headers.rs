//! What is left of rate limits, under the names that the callers' clients know.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use router_cache::quota::{Allowance, Left};
use router_engine::error::LimitedBy;

use crate::dialect::Dialect;
use crate::wall_clock;

/// Limit, remaining, reset.
type Names = [HeaderName; 3];

const REQUESTS: Names = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];

const TOKENS: Names = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// The same to clients of Anthropic, whose times are points of time.
const ANTHROPIC_REQUESTS: Names = [
    HeaderName::from_static("anthropic-ratelimit-requests-limit"),
    HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
    HeaderName::from_static("anthropic-ratelimit-requests-reset"),
];

const ANTHROPIC_TOKENS: Names = [
    HeaderName::from_static("anthropic-ratelimit-tokens-limit"),
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
    HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
];

/// Adds three headers for each kind of limit that there is.
pub(crate) fn insert(headers: &mut HeaderMap, dialect: Dialect, left: &Left) {
    if let Some(requests) = &left.requests {
        add(headers, dialect, LimitedBy::Requests, requests);
    }
    if let Some(tokens) = &left.tokens {
        add(headers, dialect, LimitedBy::Tokens, tokens);
    }
}

/// Adds those of the limit that refused the request.
pub(crate) fn insert_refused(headers: &mut HeaderMap, dialect: Dialect, by: LimitedBy, allowance: &Allowance) {
    add(headers, dialect, by, allowance);
}

fn add(headers: &mut HeaderMap, dialect: Dialect, by: LimitedBy, allowance: &Allowance) {
    let [limit, remaining, reset] = match (dialect, by) {
        (Dialect::Anthropic, LimitedBy::Requests) => ANTHROPIC_REQUESTS,
        (Dialect::Anthropic, LimitedBy::Tokens) => ANTHROPIC_TOKENS,
        (_, LimitedBy::Requests) => REQUESTS,
        (_, LimitedBy::Tokens) => TOKENS,
    };
    headers.insert(limit, allowance.limit.into());
    headers.insert(remaining, allowance.remaining.into());
    // Seconds with a unit (`1.5s`), as OpenAI writes it; RFC 3339, rounded up, at Anthropic.
    let until = match dialect {
        Dialect::Anthropic => {
            let seconds = i64::try_from(allowance.reset.as_secs() + 1).unwrap_or(i64::MAX);
            let now = wall_clock::now().as_second();
            Timestamp::from_second(now.saturating_add(seconds)).unwrap_or(Timestamp::MAX).to_string()
        }
        _ => format!("{:.3}s", allowance.reset.as_secs_f64()),
    };
    headers.extend(HeaderValue::from_str(&until).map(|until| (reset, until)));
}
