//! What is left of rate limits, under the names that OpenAI's clients know.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use router_cache::quota::{Allowance, Left};
use router_engine::error::LimitedBy;

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

/// Adds three headers for each kind of limit that there is.
pub(crate) fn insert(headers: &mut HeaderMap, left: &Left) {
    if let Some(requests) = &left.requests {
        add(headers, REQUESTS, requests);
    }
    if let Some(tokens) = &left.tokens {
        add(headers, TOKENS, tokens);
    }
}

/// Adds those of the limit that refused the request.
pub(crate) fn insert_refused(headers: &mut HeaderMap, by: LimitedBy, allowance: &Allowance) {
    let names = match by {
        LimitedBy::Requests => REQUESTS,
        LimitedBy::Tokens => TOKENS,
    };
    add(headers, names, allowance);
}

/// The reset is seconds with a unit (`1.5s`), as OpenAI writes it.
fn add(headers: &mut HeaderMap, [limit, remaining, reset]: Names, allowance: &Allowance) {
    headers.insert(limit, allowance.limit.into());
    headers.insert(remaining, allowance.remaining.into());
    let seconds = format!("{:.3}s", allowance.reset.as_secs_f64());
    headers.extend(HeaderValue::from_str(&seconds).map(|seconds| (reset, seconds)));
}
