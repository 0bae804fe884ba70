//! How a fault is written in a model's name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::fault::{Fault, FaultKind, Times};

/// A fault's name that says nothing known: whoever wrote the model's name has to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown fault {0:?}: write 429, 429-after-2s, 500, 502, 503, 504, 529, 400, 401, 403, 404, 408, 413, unsupported, \
     quota, context, policy, refusal, reset, silent, cut-body, error-in-200, garbage, html, slow-300ms, or for streams \
     slow-first-2s, cut-after-40, end-after-40, stall-after-40, malformed-after-20, error-after-20, error-first, \
     no-terminator, tool-cut, tool-length, repeated-finish, usage-before-finish, crlf, no-space, split-utf8, \
     unknown-events, comments, two-message-starts, huge-event; then nothing, -once, -x3 or -for-2s"
)]
pub struct UnknownFault(pub String);

/// The kinds without a parameter, with their names.
const NAMES: [(&str, FaultKind); 36] = [
    ("429", FaultKind::RateLimited { retry_after: None }),
    ("500", FaultKind::ServerError),
    ("502", FaultKind::BadGateway),
    ("503", FaultKind::Unavailable),
    ("504", FaultKind::GatewayTimeout),
    ("529", FaultKind::Overloaded),
    ("400", FaultKind::BadRequest),
    ("401", FaultKind::BadKey),
    ("403", FaultKind::Forbidden),
    ("404", FaultKind::NotFound),
    ("408", FaultKind::RequestTimeout),
    ("413", FaultKind::TooLarge),
    ("unsupported", FaultKind::Unsupported),
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
    ("error-first", FaultKind::ErrorFirst),
    ("no-terminator", FaultKind::NoTerminator),
    ("tool-cut", FaultKind::ToolCut),
    ("tool-length", FaultKind::ToolLength),
    ("repeated-finish", FaultKind::RepeatedFinish),
    ("usage-before-finish", FaultKind::UsageBeforeFinish),
    ("crlf", FaultKind::Crlf),
    ("no-space", FaultKind::NoSpace),
    ("split-utf8", FaultKind::SplitUtf8),
    ("unknown-events", FaultKind::UnknownEvents),
    ("comments", FaultKind::Comments),
    ("two-message-starts", FaultKind::TwoMessageStarts),
    ("huge-event", FaultKind::HugeEvent),
];

/// A name, and the kind it makes of its parameter.
type Parametrised<P> = (&'static str, fn(P) -> FaultKind);

/// The kinds with a number of tokens after the name.
const COUNTED: [Parametrised<u64>; 5] = [
    ("cut-after-", FaultKind::CutAfter),
    ("end-after-", FaultKind::EndAfter),
    ("stall-after-", FaultKind::StallAfter),
    ("malformed-after-", FaultKind::MalformedAfter),
    ("error-after-", FaultKind::ErrorAfter),
];

/// The kinds with a duration after the name; the longer name first.
const TIMED: [Parametrised<Duration>; 3] = [
    ("429-after-", |pause| FaultKind::RateLimited { retry_after: Some(pause) }),
    ("slow-first-", FaultKind::SlowFirst),
    ("slow-", FaultKind::Slow),
];

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The whole is tried as a kind first: `error-in-200` must not lose its end to a count.
        if let Some(kind) = parse_kind(text) {
            return Ok(Self::always(kind));
        }
        if let Some((kind, time)) = text.rsplit_once("-for-") {
            let timed = parse_kind(kind).zip(parse_duration(time));
            return timed.map(|(kind, time)| Self::for_time(time, kind)).ok_or_else(|| UnknownFault(text.to_owned()));
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
    let counted = COUNTED.iter().find_map(|(name, kind)| Some(kind(text.strip_prefix(name)?.parse().ok()?)));
    counted.or_else(|| TIMED.iter().find_map(|(name, kind)| Some(kind(parse_duration(text.strip_prefix(name)?)?))))
}

/// `300ms` or `2s`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
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
            Self::SlowFirst(delay) => write!(f, "slow-first-{}ms", delay.as_millis()),
            Self::CutAfter(tokens) => write!(f, "cut-after-{tokens}"),
            Self::EndAfter(tokens) => write!(f, "end-after-{tokens}"),
            Self::StallAfter(tokens) => write!(f, "stall-after-{tokens}"),
            Self::MalformedAfter(tokens) => write!(f, "malformed-after-{tokens}"),
            Self::ErrorAfter(tokens) => write!(f, "error-after-{tokens}"),
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
            Times::For(time) => write!(f, "{}-for-{}ms", self.kind, time.as_millis()),
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
            FaultKind::SlowFirst(Duration::from_millis(2000)),
        ];
        let counted = COUNTED.iter().map(|(_, kind)| kind(40));
        for kind in NAMES.iter().map(|(_, kind)| *kind).chain(parametrised).chain(counted) {
            let passing = Fault::for_time(Duration::from_millis(2000), kind);
            for fault in [Fault::always(kind), Fault::once(kind), Fault::first(3, kind), passing] {
                assert_eq!(fault.to_string().parse(), Ok(fault), "{fault}");
            }
        }
    }

    /// The names in a table of the README: all in code style in the first column of its rows.
    fn documented(heading: &str) -> Vec<&'static str> {
        let readme = include_str!("../README.md");
        let (_, table) = readme.split_once(&format!("| {heading} |")).unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect()
    }

    #[test]
    fn the_readme_and_the_error_name_all_that_there_are() {
        let documented: Vec<_> = ["fault", "fault of streams"].into_iter().flat_map(documented).collect();
        let error = UnknownFault(String::new()).to_string();
        let prefixes = COUNTED.iter().map(|(name, _)| *name).chain(TIMED.iter().map(|(name, _)| *name));
        for name in NAMES.iter().map(|(name, _)| *name) {
            assert!(documented.contains(&name), "{name}");
            assert!(error.contains(&format!(" {name},")) || error.contains(&format!(" {name};")), "{name}");
        }
        for name in prefixes {
            assert!(documented.iter().any(|documented| documented.starts_with(name)), "{name}");
            assert!(error.contains(&format!(" {name}")), "{name}");
        }
        for name in documented {
            let fault: Fault = name.parse().unwrap();
            let of_streams = self::documented("fault of streams").contains(&name);
            assert_eq!(fault.kind.needs_stream(), of_streams, "{name}");
        }
    }

    #[test]
    fn the_readmes_suffixes_are_taken() {
        let suffixes = documented("suffix");
        assert_eq!(suffixes.len(), 8);
        for suffix in suffixes {
            let name = format!("gpt-4o{}", suffix.replace("NAME", "500"));
            assert!(crate::model_name::ModelName::parse(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn seconds_are_taken_too() {
        let two_seconds = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(2)) };
        assert_eq!("429-after-2s-once".parse(), Ok(Fault::once(two_seconds)));
        assert_eq!("429-after-2s-for-2s".parse(), Ok(Fault::for_time(Duration::from_secs(2), two_seconds)));
    }

    #[test]
    fn nonsense_is_named() {
        for text in [
            "",
            "501",
            "429-",
            "429-twice",
            "slow",
            "slow-fast",
            "once",
            "429-after--1s",
            "cut-after-",
            "cut-after-many",
            "503-for-",
            "503-for-ever",
            "for-2s",
            "503-once-for-2s",
        ] {
            assert_eq!(text.parse::<Fault>(), Err(UnknownFault(text.to_owned())));
        }
    }
}
