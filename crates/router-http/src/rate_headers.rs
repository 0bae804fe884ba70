//! What is left of a rate limit, under the names that OpenAI's clients know.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use router_cache::quota::Allowance;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");

/// Adds the three headers. The reset is seconds with a unit (`1.5s`), as OpenAI writes it.
pub(crate) fn insert(headers: &mut HeaderMap, allowance: &Allowance) {
    headers.insert(LIMIT, allowance.limit.into());
    headers.insert(REMAINING, allowance.remaining.into());
    let reset = format!("{:.3}s", allowance.reset.as_secs_f64());
    headers.extend(HeaderValue::from_str(&reset).map(|reset| (RESET, reset)));
}
