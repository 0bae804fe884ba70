//! Sliding windows: counts of outcomes, and samples for quantiles.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Quantiles, WINDOW};
use crate::moment::Moment;

/// The window slides in steps of a tenth.
const SLOTS: usize = 10;
const SLOT: Duration = Duration::from_secs(WINDOW.as_secs() / SLOTS as u64);

/// Samples kept per quantity. 256 put the 95th percentile within about 3 percentiles (two standard errors:
/// 2·√(0.95·0.05/256)); a busier model is described by its latest ones.
const SAMPLES: usize = 256;

/// Attempts and successes of the window, exact to a tenth of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcomes {
    slots: [Slot; SLOTS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Which tenth of a window, counted from the clock's origin.
    number: u64,
    attempts: u64,
    succeeded: u64,
}

impl Outcomes {
    pub(super) fn add(&mut self, now: Moment, succeeded: bool) {
        let number = slot_number(now);
        let slot = &mut self.slots[(number % SLOTS as u64) as usize];
        // A late observation whose slot has been taken over counts in the newer one: that is off by a window, once.
        if slot.number < number {
            *slot = Slot { number, ..Slot::default() };
        }
        slot.attempts += 1;
        slot.succeeded += u64::from(succeeded);
    }

    /// Attempts and successes in the window that ends at `now`.
    pub(super) fn count(&self, now: Moment) -> (u64, u64) {
        let number = slot_number(now);
        let current = self.slots.iter().filter(|slot| number.saturating_sub(slot.number) < SLOTS as u64);
        current.fold((0, 0), |(attempts, succeeded), slot| (attempts + slot.attempts, succeeded + slot.succeeded))
    }
}

fn slot_number(now: Moment) -> u64 {
    now.0.as_secs() / SLOT.as_secs()
}

/// The latest samples of the window.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    latest: VecDeque<(Moment, f32)>,
}

impl Samples {
    /// A figure that is not finite is no sample.
    pub(super) fn add(&mut self, now: Moment, figure: f32) {
        if !figure.is_finite() {
            return;
        }
        if self.latest.len() == SAMPLES {
            self.latest.pop_front();
        }
        self.latest.push_back((now, figure));
    }

    /// By the nearest-rank definition: the smallest sample that at least that share of the samples does not exceed.
    pub(super) fn quantiles(&self, now: Moment) -> Option<Quantiles> {
        let current = self.latest.iter().filter(|(moment, _)| now.since(*moment) <= WINDOW);
        let mut sorted: Vec<f32> = current.map(|&(_, figure)| figure).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Quantiles { p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn outcomes_leave_the_window_by_tenths() {
        let mut outcomes = Outcomes::default();
        outcomes.add(at(1_000), true);
        outcomes.add(at(1_000), false);
        outcomes.add(at(1_100), true);
        assert_eq!(outcomes.count(at(1_100)), (3, 2));
        assert_eq!(outcomes.count(at(1_289)), (3, 2));
        assert_eq!(outcomes.count(at(1_290)), (1, 1), "the slot from 990 to 1,020 is out at 1,290");
        assert_eq!(outcomes.count(at(1_390)), (0, 0));
    }

    #[test]
    fn a_slot_is_used_again_after_a_window() {
        let mut outcomes = Outcomes::default();
        for turn in 0..50 {
            outcomes.add(at(turn * 30), turn % 2 == 0);
        }
        assert_eq!(outcomes.count(at(49 * 30)), (10, 5));
    }

    #[test]
    fn quantiles_are_samples_of_the_window() {
        let mut samples = Samples::default();
        assert_eq!(samples.quantiles(at(0)), None);
        samples.add(at(0), 1e9);
        for figure in (1..=100_u16).rev() {
            samples.add(at(200), f32::from(figure));
        }
        samples.add(at(200), f32::NAN);
        assert_eq!(samples.quantiles(at(301)), Some(Quantiles { p50: 50.0, p95: 95.0, p99: 99.0 }));
        assert_eq!(samples.quantiles(at(501)), None);
    }

    #[test]
    fn memory_is_bounded_and_the_latest_stay() {
        let mut samples = Samples::default();
        for figure in 0..1_000_u16 {
            samples.add(at(0), f32::from(figure));
        }
        assert_eq!(samples.latest.len(), SAMPLES);
        // The latest 256 are 744 to 999; the 128th of them is 871.
        assert_eq!(samples.quantiles(at(0)).map(|quantiles| quantiles.p50), Some(871.0));
    }
}
