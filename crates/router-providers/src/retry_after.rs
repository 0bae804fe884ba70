//! How long a provider asks us to wait.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;

/// OpenAI's and Azure's header with finer grain.
const RETRY_AFTER_MS: &str = "retry-after-ms";

/// `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
///
/// Azure sends `retry-after-ms: 0` beside `retry-after: 1`, so a zero is only believed when nothing says more.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text(RETRY_AFTER_MS).and_then(|text| wait(text.parse::<f64>().ok()? / 1e3));
    if millis.is_some_and(|wait| !wait.is_zero()) {
        return millis;
    }
    let seconds = text(RETRY_AFTER.as_str()).and_then(|text| match text.parse() {
        Ok(seconds) => wait(seconds),
        Err(_) => until(text, now),
    });
    seconds.or(millis)
}

fn wait(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// An HTTP date is RFC 2822 with a zone of `GMT`. One in the past means now.
fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        retry_after(&headers, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn reads_every_form() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(asked(&[("retry-after", "0.25")]), Some(Duration::from_millis(250)));
        assert_eq!(asked(&[("retry-after-ms", "1500"), ("retry-after", "2")]), Some(Duration::from_millis(1_500)));
        assert_eq!(asked(&[("retry-after", "Mon, 23 Nov 2026 10:00:09 GMT")]), Some(Duration::from_secs(9)));
    }

    #[test]
    fn a_zero_beside_a_wait_is_not_believed() {
        assert_eq!(asked(&[("retry-after-ms", "0"), ("retry-after", "1")]), Some(Duration::from_secs(1)));
        assert_eq!(asked(&[("retry-after-ms", "0")]), Some(Duration::ZERO));
    }

    #[test]
    fn the_past_is_now_and_nonsense_is_nothing() {
        assert_eq!(asked(&[("retry-after", "Mon, 23 Nov 2026 09:00:00 GMT")]), Some(Duration::ZERO));
        for nonsense in ["soon", "-3", "NaN", "inf", ""] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
    }
}
