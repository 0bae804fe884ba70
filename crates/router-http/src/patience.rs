//! How long a caller waits, and how long a stream may therefore be silent.

use std::time::Duration;

use http::HeaderMap;

/// What the official SDKs send of their own timeout, in seconds. The first is of the whole request, the second of each wait for bytes.
const NAMES: [&str; 2] = ["x-stainless-timeout", "x-stainless-read-timeout"];

/// Longer than anybody waits; shorter would be no time at all.
const BOUNDS: std::ops::RangeInclusive<f64> = 0.001..=86_400.0;

/// The shortest wait that the caller's headers name; what is no number of seconds in bounds names none.
pub(crate) fn told(headers: &HeaderMap) -> Option<Duration> {
    NAMES
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .filter_map(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
        .filter(|seconds| BOUNDS.contains(seconds))
        .map(Duration::from_secs_f64)
        .min()
}

/// No caller needs signs of life more often, whatever they say: each costs both sides work.
const BUSIEST_KEEP_ALIVE: Duration = Duration::from_millis(500);

/// How long a stream may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    /// Until its 200 goes out without a word of the answer.
    pub(crate) before_response: Duration,
    /// Between two signs of life.
    pub(crate) keep_alive: Duration,
}

impl Silence {
    /// Within what a caller says they wait for any byte: there must be time left to see one.
    pub(crate) fn within(self, patience: Option<Duration>) -> Self {
        let Some(half) = patience.map(|patience| patience / 2) else { return self };
        let keep_alive = self.keep_alive.min(half.max(BUSIEST_KEEP_ALIVE));
        Self { before_response: self.before_response.min(half), keep_alive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[(&'static str, &str)]) -> Option<Duration> {
        told(&values.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
    }

    #[test]
    fn the_shortest_wait_counts() {
        assert_eq!(given(&[("x-stainless-read-timeout", "600")]), Some(Duration::from_secs(600)));
        assert_eq!(
            given(&[("x-stainless-timeout", "2.5"), ("x-stainless-read-timeout", "600")]),
            Some(Duration::from_millis(2500))
        );
    }

    #[test]
    fn nonsense_is_no_wait() {
        for nonsense in ["", "soon", "-1", "0", "NaN", "inf", "1e308", "999999"] {
            assert_eq!(given(&[("x-stainless-timeout", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_caller_in_no_time_is_not_flooded_with_comments() {
        let configured = Silence { before_response: Duration::from_secs(10), keep_alive: Duration::from_secs(15) };
        let within = |millis| configured.within(Some(Duration::from_millis(millis)));
        assert_eq!(within(1).keep_alive, BUSIEST_KEEP_ALIVE);
        assert_eq!(within(4_000).keep_alive, Duration::from_secs(2));
        assert_eq!(within(4_000_000), configured);
        let sooner = Silence { keep_alive: Duration::from_millis(10), ..configured };
        assert_eq!(
            sooner.within(Some(Duration::from_secs(1))).keep_alive,
            sooner.keep_alive,
            "the operator's own word"
        );
    }
}
