//! What a provider's error means: one table, read from the top, first row that fits.
//!
//! It does not ask which dialect the error is written in: the words of the dialects do not contradict each other, and servers
//! that imitate one often answer in the words of another.

use router_core::error_kind::{ErrorKind, Phase};

/// What a row asks of the error's words. All comparisons ignore case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Nothing: the status decides.
    Anything,
    /// One of the error's codes or types is one of these.
    Code(&'static [&'static str]),
    /// The message holds one of these.
    Message(&'static [&'static str]),
}

/// Which statuses a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All.
    Any,
    /// These.
    Of(&'static [u16]),
    /// From the first to the last.
    Within(u16, u16),
}

/// One row: an error with this status that says this is of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status; where an error comes with a status of success, the number in its body.
    pub status: Status,
    /// What the body says.
    pub says: Says,
    /// What it is.
    pub kind: ErrorKind,
    /// Who was seen or is documented to say so.
    pub seen_at: &'static str,
}

const fn row(status: Status, says: Says, kind: ErrorKind, seen_at: &'static str) -> Row {
    Row { status, says, kind, seen_at }
}

use Says::{Anything, Code, Message};
use Status::{Any, Of, Within};

/// Statuses that complain about the request itself, whose words are worth reading.
const COMPLAINT: Status = Of(&[400, 413, 422]);

/// The table.
pub const TABLE: &[Row] = &[
    // Too long, before anything that a long message could be mistaken for.
    row(
        Any,
        Code(&["context_length_exceeded", "exceed_context_size_error", "token_limit_exceeded", "string_too_long"]),
        ErrorKind::ContextTooLong,
        "OpenAI, llama.cpp, OpenRouter",
    ),
    row(
        COMPLAINT,
        Message(&[
            "prompt is too long",
            "maximum context length",
            "context window",
            "exceed context limit",
            "exceeds the available context size",
            "input is too long",
            "longer than the maximum model length",
        ]),
        ErrorKind::ContextTooLong,
        "Anthropic, OpenRouter, vLLM",
    ),
    // Money, before 429 as a rate limit; before it what there is not enough money for, though there is for less.
    row(Of(&[402]), Message(&["can only afford", "fewer max_tokens"]), ErrorKind::Unsupported, "OpenRouter"),
    row(
        Any,
        Code(&[
            "insufficient_quota",
            "credit_balance_exhausted",
            "billing_hard_limit_reached",
            "billing_error",
            "payment_required",
            "enforced_spend_limit_reached",
            "contract_spend_limit_reached",
        ]),
        ErrorKind::Quota,
        "OpenAI, Anthropic, OpenRouter",
    ),
    row(
        COMPLAINT,
        Message(&["credit balance is too low", "specified api usage limits", "spend limit"]),
        ErrorKind::Quota,
        "Anthropic",
    ),
    // Content, before 400 and 403 as anything else.
    row(
        Any,
        Code(&[
            "content_policy_violation",
            "content_filter",
            "responsibleaipolicyviolation",
            "moderation_blocked",
            "moderation",
            "refusal",
        ]),
        ErrorKind::ContentPolicy,
        "OpenAI, Azure, OpenRouter",
    ),
    row(
        Of(&[400, 403, 422]),
        Message(&["content filtering policy", "content management policy", "violating our usage policy"]),
        ErrorKind::ContentPolicy,
        "Anthropic, Azure, OpenAI",
    ),
    // The key, or where we ask from: no model of the provider would answer.
    row(
        Any,
        Code(&[
            "invalid_api_key",
            "authentication_error",
            "authentication",
            "missing_scope",
            "unsupported_country_region_territory",
        ]),
        ErrorKind::Auth,
        "OpenAI, Anthropic, OpenRouter, llama.cpp",
    ),
    row(Of(&[401, 403]), Message(&["missing scopes"]), ErrorKind::Auth, "OpenAI: a restricted key"),
    // The target refuses what another would take.
    row(
        Any,
        Code(&["unsupported_parameter", "unsupported_value", "unknown_parameter", "max_tokens_exceeded"]),
        ErrorKind::Unsupported,
        "OpenAI, OpenRouter",
    ),
    // Who asks for servers that nobody runs must not keep the model from all others.
    row(
        Of(&[404]),
        Message(&[
            "no endpoints found that support",
            "no allowed providers are available",
            "matching your data policy",
        ]),
        ErrorKind::Unsupported,
        "OpenRouter: what the request's own `provider` asks for",
    ),
    // The model, or the address.
    row(
        Any,
        Code(&["model_not_found", "not_found_error", "notfounderror", "deploymentnotfound", "not_found"]),
        ErrorKind::NotFound,
        "OpenAI (also with 403: not for this project), Anthropic, vLLM, Azure, OpenRouter",
    ),
    row(Of(&[400]), Message(&["is not a valid model id"]), ErrorKind::NotFound, "OpenRouter"),
    // Too often, or too many of us.
    row(Of(&[503]), Code(&["slow_down"]), ErrorKind::Overloaded, "OpenAI"),
    row(
        Any,
        Code(&["overloaded_error", "server_is_overloaded", "provider_overloaded", "unavailable_error", "overloaded"]),
        ErrorKind::Overloaded,
        "Anthropic, OpenAI, OpenRouter, llama.cpp; also inside a 200",
    ),
    row(
        Any,
        Code(&["rate_limit_exceeded", "rate_limit_error", "ratelimitreached", "ramp_limit_exceeded", "slow_down"]),
        ErrorKind::RateLimited,
        "OpenAI, Anthropic, Azure, OpenRouter",
    ),
    // Waits, and bytes.
    row(Any, Code(&["timeout_error", "timeout"]), ErrorKind::Timeout(Phase::Total), "Anthropic, OpenRouter"),
    row(Any, Code(&["request_too_large", "payload_too_large"]), ErrorKind::TooLarge, "Anthropic, OpenRouter"),
    // What the status says, where the words say nothing more exact.
    row(Of(&[401, 407]), Anything, ErrorKind::Auth, "all"),
    row(Of(&[402]), Anything, ErrorKind::Quota, "OpenRouter, Anthropic, DeepSeek"),
    // The key was taken (else it were a 401) but may not use this: another model of the provider may still answer.
    row(Of(&[403]), Anything, ErrorKind::NotFound, "OpenAI, Anthropic, OpenRouter: no permission for this model"),
    row(Of(&[404, 405, 410]), Anything, ErrorKind::NotFound, "all"),
    row(Within(300, 399), Anything, ErrorKind::NotFound, "a base URL that has moved: redirects are not followed"),
    row(Of(&[429]), Anything, ErrorKind::RateLimited, "all"),
    row(Of(&[503, 529]), Anything, ErrorKind::Overloaded, "all"),
    row(Of(&[408, 504, 524]), Anything, ErrorKind::Timeout(Phase::Total), "OpenAI, Anthropic, OpenRouter, Cloudflare"),
    row(Of(&[413]), Anything, ErrorKind::TooLarge, "proxies"),
    // Everything else that is said of a request.
    row(
        COMPLAINT,
        Message(&[
            "unsupported parameter",
            "unsupported value",
            "unknown parameter",
            "not supported",
            "does not support",
            "extra inputs are not permitted",
            "unrecognized request argument",
        ]),
        ErrorKind::Unsupported,
        "OpenAI, Anthropic, vLLM",
    ),
    row(Of(&[501]), Anything, ErrorKind::Unsupported, "imitations"),
    row(Of(&[409]), Anything, ErrorKind::ServerError, "OpenAI, Anthropic: passes by itself"),
    row(
        Any,
        Code(&["invalid_request_error", "invalid_request", "invalid_prompt", "unprocessable", "badrequesterror"]),
        ErrorKind::InvalidRequest,
        "OpenAI, Anthropic, OpenRouter, vLLM; also inside a 200",
    ),
    row(Within(400, 499), Anything, ErrorKind::InvalidRequest, "all"),
    row(Any, Anything, ErrorKind::ServerError, "all: 5xx, and errors without a number inside a 200"),
];

/// What is known of an error: its status and its words, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) codes: Vec<String>,
    pub(crate) message: String,
}

/// The kind that the table gives.
pub(crate) fn kind_of(said: &Said) -> ErrorKind {
    TABLE.iter().find(|row| fits(row, said)).map_or(ErrorKind::ServerError, |row| row.kind)
}

fn fits(row: &Row, said: &Said) -> bool {
    let status = match row.status {
        Any => true,
        Of(statuses) => statuses.contains(&said.status),
        Within(first, last) => (first..=last).contains(&said.status),
    };
    status
        && match row.says {
            Anything => true,
            Code(codes) => said.codes.iter().any(|code| codes.contains(&code.as_str())),
            Message(phrases) => phrases.iter().any(|phrase| said.message.contains(phrase)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that asks for exactly this row.
    fn example(row: &Row) -> Said {
        let status = match row.status {
            Any => 418,
            Of(statuses) => statuses[0],
            Within(first, _) => first,
        };
        let (codes, message) = match row.says {
            Anything => (vec![], String::new()),
            Code(codes) => (vec![codes[0].to_owned()], String::new()),
            Message(phrases) => (vec![], phrases[0].to_owned()),
        };
        Said { status, codes, message }
    }

    #[test]
    fn every_row_is_reached_by_its_own_example() {
        for (index, row) in TABLE.iter().enumerate() {
            let mut said = example(row);
            if index == TABLE.len() - 1 {
                said.status = 500;
            }
            let first = TABLE.iter().position(|row| fits(row, &said)).unwrap();
            assert_eq!(first, index, "row {index} ({row:?}) is shadowed by {:?}", TABLE[first]);
        }
    }

    #[test]
    fn every_word_of_every_row_leads_to_its_kind() {
        for row in TABLE {
            let words = match row.says {
                Anything => continue,
                Code(words) | Message(words) => words,
            };
            for word in words {
                assert_eq!(*word, word.to_lowercase(), "words are compared in lower case");
                let mut said = example(row);
                if matches!(row.says, Code(_)) {
                    said.codes = vec![(*word).to_owned()];
                } else {
                    said.message = format!("well, {word}, you see");
                }
                assert_eq!(kind_of(&said), row.kind, "{word}");
            }
        }
    }
}
