//! What can go wrong at a provider, and what the router does about it: one table.

use std::fmt;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which wait ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// Why an attempt failed. Written as its [`name`](Self::name) everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// All kinds, timeouts by phase.
    pub const ALL: [Self; 18] = [
        Self::RateLimited,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout(Phase::Connect),
        Self::Timeout(Phase::FirstEvent),
        Self::Timeout(Phase::Idle),
        Self::Timeout(Phase::Total),
        Self::Connection,
        Self::Auth,
        Self::Quota,
        Self::ContextTooLong,
        Self::ContentPolicy,
        Self::InvalidRequest,
        Self::Unsupported,
        Self::NotFound,
        Self::TooLarge,
        Self::Malformed,
        Self::Cancelled,
    ];

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

    /// The name used in JSON, metrics, logs and the database.
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

    /// The kind with that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ErrorKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| D::Error::custom(format_args!("{name:?} is no kind of error")))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ErrorKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ErrorKind".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Why an attempt failed.",
            "type": "string",
            "enum": Self::ALL.map(Self::name),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_is_written_and_read_by_its_name_alone() {
        let names: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{}\"", kind.name()));
            assert_eq!(serde_json::from_str::<ErrorKind>(&json).unwrap(), kind);
        }
        for other in ["\"timeout\"", "\"timeout_never\"", r#"{"timeout":"total"}"#] {
            serde_json::from_str::<ErrorKind>(other).unwrap_err();
        }
    }
}
