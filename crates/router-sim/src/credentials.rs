//! Whose request it is, as far as a simulator cares: there has to be a key, and it must not be a wrong one.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use crate::problem::Problem;
use crate::wire::Wire;

/// Keys that begin like this are refused.
const WRONG: &str = "sk-wrong";

/// Checks the credentials where the wire wants them.
pub(crate) fn check(wire: Wire, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    // Anthropic takes either; where both are sent, the older header counts.
    let key = if wire == Wire::Anthropic { text("x-api-key").or(bearer) } else { bearer };
    match key.map(str::trim) {
        None | Some("") => Err(Problem::NoKey),
        Some(key) if key.starts_with(WRONG) => Err(Problem::BadKey { key: masked(key) }),
        Some(_) => Ok(()),
    }
}

/// `sk-wron***1234`: as much of the key as OpenAI repeats.
fn masked(key: &str) -> String {
    let start: String = key.chars().take(8).collect();
    let end: String = key.chars().skip(8.max(key.chars().count().saturating_sub(4))).collect();
    format!("{start}***{end}")
}
