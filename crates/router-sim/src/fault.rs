//! What can be made to go wrong, how often, and how that is written in a model's name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A misbehaviour and how often it is played.
///
/// Written `KIND`, `KIND-once` or `KIND-xN`; see [`FaultKind`] for the kinds.
///
/// ```
/// use router_sim::{Fault, FaultKind};
/// let fault: Fault = "500-once".parse()?;
/// assert_eq!(fault, Fault::once(FaultKind::ServerError));
/// # Ok::<(), router_sim::fault::UnknownFault>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// To which requests.
    pub times: Times,
}

/// Which requests a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Every one.
    Always,
    /// The first so many for this model since the start, the last [`reset`](crate::Simulator::reset) or the last
    /// [`set_fault`](crate::Simulator::set_fault); later ones are answered. `First(1)` is written `-once`.
    First(u32),
}

/// What goes wrong. A request the wire would refuse anyway gets its refusal instead: no fault hides a bad request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// `429`, `429-after-2s`, `429-after-50ms`: asked too often; with the pause to keep, if one is given. A pause
    /// with a fraction of a second travels as `retry-after-ms`, and rounded up as `retry-after`.
    RateLimited {
        /// The pause to keep.
        retry_after: Option<Duration>,
    },
    /// `500`: the provider broke.
    ServerError,
    /// `503`: no room.
    Unavailable,
    /// `529`: no room, as Anthropic says it.
    Overloaded,
    /// `401`: the key is not taken.
    BadKey,
    /// `403`: the key is known, and not allowed.
    Forbidden,
    /// `404`: no such model.
    NotFound,
    /// `quota`: the account has no money left (429 `insufficient_quota` on OpenAI's wire, else 402).
    OutOfQuota,
    /// `context`: the prompt does not fit the context window.
    ContextTooLong,
    /// `policy`: the prompt is refused as an error.
    ContentPolicy,
    /// `refusal`: the model declines within a 200.
    Refusal,
    /// `reset`: the connection is reset before any header.
    Reset,
    /// `silent`: the request is taken and never answered.
    Silent,
    /// `cut-body`: the connection closes in the middle of the body; `content-length` promised all of it.
    CutBody,
    /// `error-in-200`: an error's body under a success's status.
    ErrorIn200,
    /// `garbage`: a 200 whose body is not JSON, though it says so.
    Garbage,
    /// `html`: a 200 with a web page, as captive portals and broken proxies send.
    Html,
    /// `slow-300ms`, `slow-2s`: a good answer, so much later.
    Slow(Duration),
}

/// A fault's name that says nothing known: whoever wrote the model's name has to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown fault {0:?}: write 429, 429-after-2s, 500, 503, 529, 401, 403, 404, quota, context, policy, refusal, \
     reset, silent, cut-body, error-in-200, garbage, html or slow-300ms, then nothing, -once or -x3"
)]
pub struct UnknownFault(pub String);

impl Fault {
    /// Hits every request.
    #[must_use]
    pub const fn always(kind: FaultKind) -> Self {
        Self { kind, times: Times::Always }
    }

    /// Hits the next request only.
    #[must_use]
    pub const fn once(kind: FaultKind) -> Self {
        Self::first(1, kind)
    }

    /// Hits the next `count` requests.
    #[must_use]
    pub const fn first(count: u32, kind: FaultKind) -> Self {
        Self { kind, times: Times::First(count) }
    }
}

/// The kinds without a parameter, with their names.
const NAMES: [(&str, FaultKind); 17] = [
    ("429", FaultKind::RateLimited { retry_after: None }),
    ("500", FaultKind::ServerError),
    ("503", FaultKind::Unavailable),
    ("529", FaultKind::Overloaded),
    ("401", FaultKind::BadKey),
    ("403", FaultKind::Forbidden),
    ("404", FaultKind::NotFound),
    ("quota", FaultKind::OutOfQuota),
    ("context", FaultKind::ContextTooLong),
    ("policy", FaultKind::ContentPolicy),
    ("refusal", FaultKind::Refusal),
    ("reset", FaultKind::Reset),
    ("silent", FaultKind::Silent),
    ("cut-body", FaultKind::CutBody),
    ("error-in-200", FaultKind::ErrorIn200),
    ("garbage", FaultKind::Garbage),
    ("html", FaultKind::Html),
];

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The whole is tried as a kind first: `error-in-200` must not lose its end to a count.
        if let Some(kind) = parse_kind(text) {
            return Ok(Self::always(kind));
        }
        let unknown = || UnknownFault(text.to_owned());
        let (kind, count) = text.rsplit_once('-').ok_or_else(unknown)?;
        let count = match count {
            "once" => Some(1),
            other => other.strip_prefix('x').and_then(|count| count.parse().ok()),
        };
        Ok(Self::first(count.ok_or_else(unknown)?, parse_kind(kind).ok_or_else(unknown)?))
    }
}

fn parse_kind(text: &str) -> Option<FaultKind> {
    if let Some((_, kind)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*kind);
    }
    if let Some(pause) = text.strip_prefix("429-after-") {
        return Some(FaultKind::RateLimited { retry_after: Some(parse_duration(pause)?) });
    }
    parse_duration(text.strip_prefix("slow-")?).map(FaultKind::Slow)
}

/// `300ms` or `2s`.
fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited { retry_after: Some(pause) } => write!(f, "429-after-{}ms", pause.as_millis()),
            Self::Slow(delay) => write!(f, "slow-{}ms", delay.as_millis()),
            kind => f.write_str(NAMES.iter().find(|(_, named)| named == kind).map_or("fault", |(name, _)| name)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            Times::Always => write!(f, "{}", self.kind),
            Times::First(1) => write!(f, "{}-once", self.kind),
            Times::First(count) => write!(f, "{}-x{count}", self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_itself() {
        let parametrised = [
            FaultKind::RateLimited { retry_after: Some(Duration::from_millis(50)) },
            FaultKind::Slow(Duration::from_millis(300)),
        ];
        for kind in NAMES.iter().map(|(_, kind)| *kind).chain(parametrised) {
            for fault in [Fault::always(kind), Fault::once(kind), Fault::first(3, kind)] {
                assert_eq!(fault.to_string().parse(), Ok(fault), "{fault}");
            }
        }
    }

    #[test]
    fn seconds_are_taken_too() {
        let two_seconds = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(2)) };
        assert_eq!("429-after-2s-once".parse(), Ok(Fault::once(two_seconds)));
    }

    #[test]
    fn nonsense_is_named() {
        for text in ["", "501", "429-", "429-twice", "slow", "slow-fast", "once", "429-after--1s"] {
            assert_eq!(text.parse::<Fault>(), Err(UnknownFault(text.to_owned())));
        }
    }
}
