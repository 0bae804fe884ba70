//! A problem in a wire's own words: status, headers, body.

use serde_json::Value;

use crate::problem::Problem;
use crate::wire::Wire;
use crate::{anthropic_error, openai_error, openrouter_error};

/// An error as it travels.
#[derive(Debug)]
pub(crate) struct WireError {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

/// Puts `problem` into the words of `wire`.
pub(crate) fn wire_error(wire: Wire, problem: &Problem, request_id: &str) -> WireError {
    let (status, body) = match wire {
        Wire::OpenAi => openai_error::status_and_body(problem),
        Wire::Anthropic => anthropic_error::status_and_body(problem, request_id),
        Wire::OpenRouter => openrouter_error::status_and_body(problem),
    };
    let mut headers = Vec::new();
    if let Problem::RateLimited { retry_after: Some(pause) } = problem {
        if pause.subsec_nanos() > 0 {
            headers.push(("retry-after-ms", pause.as_millis().to_string()));
        }
        headers.push(("retry-after", (pause.as_secs() + u64::from(pause.subsec_nanos() > 0)).to_string()));
    }
    if wire == Wire::Anthropic {
        // Of the three Anthropic alone says so. What request or account is to blame for is not worth a second try.
        headers.push(("x-should-retry", (matches!(status, 408 | 429) || status >= 500).to_string()));
    }
    WireError { status, headers, body }
}
