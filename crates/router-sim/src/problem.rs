//! What is wrong with a request or with the provider, in no wire's words.

use std::time::Duration;

/// Why an error is answered. [`crate::wire_error`] puts it into a wire's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The request names nothing this server has.
    UnknownPath { method: String, path: String },
    /// The body is too large, not JSON, or not said to be.
    Unreadable(String),
    /// A field is missing, wrong or not allowed.
    Field(Wrong),
    /// No credentials.
    NoKey,
    /// Credentials that are not taken.
    BadKey { key: String },
    /// Credentials without permission.
    Forbidden,
    /// No such model.
    UnknownModel { model: String },
    /// A model name with a suffix that means nothing; only the simulator says this.
    BadSuffix(String),
    /// Asked too often.
    RateLimited { retry_after: Option<Duration> },
    /// More bytes than the provider takes.
    TooLarge,
    /// A wait for the request ran out.
    RequestTimeout,
    /// The provider broke.
    ServerError,
    /// Whoever is behind the provider broke.
    BadGateway,
    /// A wait for the model ran out.
    GatewayTimeout,
    /// No room: 503.
    Unavailable,
    /// No room: 529.
    Overloaded,
    /// No money left.
    OutOfQuota,
    /// More tokens than the model takes.
    ContextTooLong { tokens: u64, most: u64 },
    /// The content is refused.
    ContentPolicy,
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where: `messages.0.content`; empty for the whole body.
    pub(crate) path: String,
    /// How.
    pub(crate) how: How,
}

/// How a field is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// It has to be there.
    Missing,
    /// It has another JSON type.
    Type { expected: &'static str, got: &'static str },
    /// This wire does not know it.
    Unknown,
    /// This model does not take the parameter; another name does the same, perhaps.
    Unsupported { instead: Option<&'static str> },
    /// This model does not take this value of the parameter.
    UnsupportedValue(String),
    /// The value is out of range, not in the list, or breaks a rule between fields.
    Value(String),
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        Self::Field(wrong)
    }
}
