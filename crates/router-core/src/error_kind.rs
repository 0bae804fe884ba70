//! What can go wrong at a provider, and what the router does about it: one table.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which wait ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Phase {
    /// For the TCP and TLS handshakes.
    Connect,
    /// For response headers and the first event.
    FirstEvent,
    /// Between two events.
    Idle,
    /// For the whole answer.
    Total,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ErrorKind {
    /// 429: we asked too often.
    RateLimited,
    /// 503, 529: the provider has no room for anyone.
    Overloaded,
    /// 500, 502: the provider broke.
    ServerError,
    /// A wait ran out.
    Timeout(Phase),
    /// Refused, reset or unreachable before a response.
    Connection,
    /// 401: the provider does not take *our* key. Never the caller's 401.
    Auth,
    /// Our account at the provider has no money or quota left.
    Quota,
    /// The prompt does not fit the model's context window.
    ContextTooLong,
    /// The provider declined for reasons of content.
    ContentPolicy,
    /// 400 for which the caller is to blame: any model would refuse it.
    InvalidRequest,
    /// 400 for something only this target refuses (a parameter, a role, a modality).
    Unsupported,
    /// 404, 403: the provider does not have this model, or not for us.
    NotFound,
    /// 413: more bytes than the provider takes.
    TooLarge,
    /// What came back is not the provider's protocol, or stopped before its end.
    Malformed,
    /// The caller went away.
    Cancelled,
}

/// Whether to ask the same model again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameAgain {
    /// It would only fail again.
    No,
    /// After a jittered, growing pause, within the retry budget.
    Backoff,
    /// After the pause the provider named, if that fits the deadline; without one, as [`SameAgain::Backoff`].
    WhenTold,
}

/// Whether to ask the next model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextModel {
    /// The fault would follow us there, or is none.
    No,
    /// Any other.
    Yes,
    /// One with a larger context window.
    LargerContext,
}

/// What the router does about an [`ErrorKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// Whether to ask the same model again.
    pub same_again: SameAgain,
    /// Whether to ask the next model.
    pub next_model: NextModel,
    /// How long this provider stays out of plans; zero for faults that pass by themselves.
    pub cooldown: Duration,
    /// Whether the fault is the target's (and counts against it) or the caller's (and does not).
    pub target_at_fault: bool,
}

/// An operator has to act (pay, or change a key) before a provider with [`ErrorKind::Auth`] or
/// [`ErrorKind::Quota`] works again: long enough not to hammer it, short enough to notice the repair.
const NEEDS_OPERATOR: Duration = Duration::from_secs(300);

impl ErrorKind {
    /// The table.
    #[must_use]
    pub const fn reaction(self) -> Reaction {
        use NextModel::{LargerContext, Yes};
        use SameAgain::{Backoff, No, WhenTold};
        let (same_again, next_model, cooldown, target_at_fault) = match self {
            Self::RateLimited => (WhenTold, Yes, Duration::ZERO, true),
            Self::Overloaded | Self::ServerError | Self::Connection => (Backoff, Yes, Duration::ZERO, true),
            // A silent route stays silent, and may have billed us: ask elsewhere at once.
            Self::Timeout(_) | Self::Malformed => (No, Yes, Duration::ZERO, true),
            Self::Auth | Self::Quota => (No, Yes, NEEDS_OPERATOR, true),
            Self::NotFound => (No, Yes, NEEDS_OPERATOR, true),
            Self::ContextTooLong => (No, LargerContext, Duration::ZERO, false),
            Self::Unsupported | Self::TooLarge => (No, Yes, Duration::ZERO, false),
            Self::ContentPolicy | Self::InvalidRequest | Self::Cancelled => (No, NextModel::No, Duration::ZERO, false),
        };
        Reaction { same_again, next_model, cooldown, target_at_fault }
    }

    /// The name used in metrics, logs and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout(Phase::Connect) => "timeout_connect",
            Self::Timeout(Phase::FirstEvent) => "timeout_first_event",
            Self::Timeout(Phase::Idle) => "timeout_idle",
            Self::Timeout(Phase::Total) => "timeout_total",
            Self::Connection => "connection",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::ContextTooLong => "context_too_long",
            Self::ContentPolicy => "content_policy",
            Self::InvalidRequest => "invalid_request",
            Self::Unsupported => "unsupported",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
