//! How long to wait before asking the same model again.

use std::time::Duration;

/// The pause before repeat number `repeats` (0 is the first): `base` doubled each time, at most `longest`,
/// of which a random half is kept back, so that callers who failed together do not come back together.
pub(crate) fn backoff(base: Duration, repeats: u32, longest: Duration) -> Duration {
    let doubled = base.saturating_mul(2u32.saturating_pow(repeats.min(16)));
    doubled.min(longest).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_stays_bounded_and_varies() {
        let (base, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        for repeats in 0..40 {
            let whole = base.saturating_mul(2u32.saturating_pow(repeats.min(16))).min(longest);
            for _ in 0..50 {
                let pause = backoff(base, repeats, longest);
                assert!(pause >= whole / 2 && pause <= whole, "{repeats}: {pause:?}");
            }
        }
        let pauses: std::collections::HashSet<_> = (0..50).map(|_| backoff(base, 3, longest)).collect();
        assert!(pauses.len() > 1);
    }
}
