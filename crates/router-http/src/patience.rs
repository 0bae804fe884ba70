//! How long a caller says they wait.

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
}
