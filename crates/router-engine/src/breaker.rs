//! Circuit breakers: a target that keeps failing is left alone, and tried again by one request at a time.

use std::time::Duration;

use router_core::moment::Moment;

/// When targets are left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open a breaker; 0 never opens one for failures that pass by themselves.
    pub failures: u32,
    /// How long an open breaker stays so before one request may try the target, and again after that try has failed.
    pub probe_interval: Duration,
}

impl Default for BreakerSettings {
    /// Five in a row is no chance event at a target that succeeds half of the time or more; ten seconds between probes is
    /// little load for the target and little delay for the return.
    fn default() -> Self {
        Self { failures: 5, probe_interval: Duration::from_secs(10) }
    }
}

/// How a breaker lets an attempt pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// The target is well, as far as is known.
    Free,
    /// The target was failing: this one attempt finds out. Its outcome must be told.
    Probe,
}

/// The breaker of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// Attempts pass.
    Closed { failures_in_a_row: u32 },
    /// No attempt passes until then; after it, one.
    Open { until: Moment },
    /// One attempt is finding out; after that moment another one may, whatever has become of this one.
    Probing { until: Moment },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures_in_a_row: 0 }
    }
}

impl Breaker {
    /// Whether an attempt would pass now.
    pub(crate) fn admits(self, now: Moment) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until } | Self::Probing { until } => until <= now,
        }
    }

    /// Whether the target is known to fail: also while the next attempt may find that it does no longer.
    pub(crate) const fn is_open(self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    /// Lets an attempt pass, or not. A probe is alone for `longest`: whoever holds one and neither reads nor leaves must not
    /// keep the target from everybody.
    pub(crate) fn enter(&mut self, now: Moment, longest: Duration) -> Option<Pass> {
        match *self {
            Self::Closed { .. } => Some(Pass::Free),
            Self::Open { until } | Self::Probing { until } if until <= now => {
                *self = Self::Probing { until: now.after(longest) };
                Some(Pass::Probe)
            }
            Self::Open { .. } | Self::Probing { .. } => None,
        }
    }

    /// The answer has begun. Whether it becomes whole may take an hour to know: others need not wait for that any longer than
    /// for a probe that has failed.
    pub(crate) fn spoke(&mut self, pass: Pass, now: Moment, settings: BreakerSettings) {
        match self {
            Self::Probing { until } if pass == Pass::Probe => {
                *until = (*until).min(now.after(settings.probe_interval));
            }
            _ => {}
        }
    }

    /// The attempt succeeded. One that passed before the breaker opened says nothing about the target of now.
    pub(crate) fn succeeded(&mut self, pass: Pass) {
        if pass == Pass::Probe || !self.is_open() {
            *self = Self::default();
        }
    }

    /// The attempt failed, and the target is at fault. `rest` is how long the fault keeps the target away by itself; zero for
    /// one that counts only with others in a row. True if this opened the breaker.
    pub(crate) fn failed(&mut self, pass: Pass, rest: Duration, now: Moment, settings: BreakerSettings) -> bool {
        let until = now.after(rest.max(settings.probe_interval));
        match *self {
            Self::Closed { failures_in_a_row } => {
                let failures_in_a_row = failures_in_a_row.saturating_add(1);
                let enough = settings.failures > 0 && failures_in_a_row >= settings.failures;
                if !enough && rest.is_zero() {
                    *self = Self::Closed { failures_in_a_row };
                    return false;
                }
                *self = Self::Open { until };
                true
            }
            // Under way when the breaker opened: it tells nothing new, unless it keeps the target away for longer.
            Self::Open { until: before } => {
                if !rest.is_zero() {
                    *self = Self::Open { until: before.max(until) };
                }
                false
            }
            Self::Probing { .. } if pass == Pass::Probe => {
                *self = Self::Open { until };
                false
            }
            Self::Probing { .. } => false,
        }
    }

    /// The attempt ended without an answer to the question (the caller left, or is at fault): the next one may ask it.
    pub(crate) fn abandoned(&mut self, pass: Pass, now: Moment) {
        if pass == Pass::Probe && matches!(self, Self::Probing { .. }) {
            *self = Self::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 3, probe_interval: Duration::from_secs(10) };
    const PASSES: Duration = Duration::ZERO;
    const LONGEST: Duration = Duration::from_secs(600);

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn opened(now: Moment) -> Breaker {
        let mut breaker = Breaker::default();
        assert!(!breaker.failed(Pass::Free, PASSES, now, SETTINGS));
        assert!(!breaker.failed(Pass::Free, PASSES, now, SETTINGS));
        assert!(breaker.failed(Pass::Free, PASSES, now, SETTINGS));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_does_not_let_them_add_up() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed(Pass::Free, PASSES, at(0), SETTINGS);
            breaker.failed(Pass::Free, PASSES, at(0), SETTINGS);
            breaker.succeeded(Pass::Free);
        }
        assert!(breaker.admits(at(0)));
        assert!(!opened(at(0)).admits(at(9)));
    }

    #[test]
    fn one_probe_an_interval_and_nobody_else() {
        let mut breaker = opened(at(0));
        for probe in 1..5 {
            let due = at(10 * probe);
            assert_eq!(breaker.enter(at(10 * probe - 1), LONGEST), None);
            assert!(breaker.admits(due));
            assert_eq!(breaker.enter(due, LONGEST), Some(Pass::Probe));
            assert_eq!((breaker.enter(due, LONGEST), breaker.admits(at(600))), (None, false), "a second one beside it");
            breaker.failed(Pass::Probe, PASSES, due, SETTINGS);
        }
        assert_eq!(breaker.enter(at(50), LONGEST), Some(Pass::Probe));
        breaker.succeeded(Pass::Probe);
        assert_eq!(
            (breaker.enter(at(50), LONGEST), breaker.enter(at(50), LONGEST)),
            (Some(Pass::Free), Some(Pass::Free))
        );
    }

    #[test]
    fn an_abandoned_probe_is_asked_again_at_once() {
        let mut breaker = opened(at(0));
        assert_eq!(breaker.enter(at(10), LONGEST), Some(Pass::Probe));
        breaker.abandoned(Pass::Probe, at(11));
        assert_eq!(breaker.enter(at(11), LONGEST), Some(Pass::Probe));
    }

    #[test]
    fn stragglers_neither_close_nor_prolong() {
        let mut breaker = opened(at(0));
        breaker.succeeded(Pass::Free);
        breaker.failed(Pass::Free, PASSES, at(9), SETTINGS);
        breaker.abandoned(Pass::Free, at(9));
        assert_eq!((breaker.admits(at(9)), breaker.enter(at(10), LONGEST)), (false, Some(Pass::Probe)));
        breaker.succeeded(Pass::Free);
        breaker.failed(Pass::Free, PASSES, at(11), SETTINGS);
        assert_eq!(breaker, Breaker::Probing { until: at(610) });
    }

    #[test]
    fn a_probe_that_never_ends_does_not_keep_its_target_out_for_ever() {
        let mut breaker = opened(at(0));
        assert_eq!(breaker.enter(at(10), LONGEST), Some(Pass::Probe));
        assert_eq!((breaker.admits(at(609)), breaker.enter(at(610), LONGEST)), (false, Some(Pass::Probe)));

        breaker.spoke(Pass::Free, at(611), SETTINGS);
        assert_eq!(breaker.enter(at(1000), LONGEST), None, "another attempt's words are not the probe's");
        breaker.spoke(Pass::Probe, at(1000), SETTINGS);
        assert_eq!((breaker.admits(at(1009)), breaker.enter(at(1010), LONGEST)), (false, Some(Pass::Probe)));
        breaker.succeeded(Pass::Probe);
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_fault_that_needs_somebody_opens_it_at_once_and_for_longer() {
        let mut breaker = Breaker::default();
        assert!(breaker.failed(Pass::Free, Duration::from_secs(300), at(0), SETTINGS));
        assert_eq!((breaker.admits(at(299)), breaker.admits(at(300))), (false, true));
        let never = BreakerSettings { failures: 0, ..SETTINGS };
        let mut breaker = Breaker::default();
        assert!((0..100).all(|_| !breaker.failed(Pass::Free, PASSES, at(0), never)));
    }
}
