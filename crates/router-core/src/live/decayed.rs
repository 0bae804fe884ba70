//! A mean in which older samples count less: the exponentially weighted moving average, by time instead of by sample.

use super::{FEWEST_SAMPLES, WINDOW};
use crate::moment::Moment;

/// After this many seconds a sample counts 1/e: a change of behaviour shows within a minute, a single slow answer among many
/// does not. By sample (the usual form) a busy model would forget in a second and an idle one never.
const TIME_CONSTANT_SECONDS: f64 = 60.0;

/// Σ wᵢxᵢ / Σ wᵢ with wᵢ = exp(−age / 60 s).
#[derive(Debug, Clone, Default)]
pub(super) struct DecayedMean {
    weighted_sum: f64,
    weight: f64,
    /// Samples since the last quiet window, saturating: only whether they are few matters.
    samples: u32,
    last: Moment,
}

impl DecayedMean {
    /// A figure that is not finite is no sample.
    pub(super) fn add(&mut self, now: Moment, figure: f32) {
        if !figure.is_finite() {
            return;
        }
        if now.since(self.last) > WINDOW {
            *self = Self::default();
        }
        let kept = (-now.since(self.last).as_secs_f64() / TIME_CONSTANT_SECONDS).exp();
        self.weighted_sum = self.weighted_sum * kept + f64::from(figure);
        self.weight = self.weight * kept + 1.0;
        self.samples = self.samples.saturating_add(1);
        self.last = self.last.max(now);
    }

    /// `None` after too few samples, and when the last one is older than the window.
    pub(super) fn get(&self, now: Moment) -> Option<f32> {
        let known = self.samples >= FEWEST_SAMPLES && now.since(self.last) <= WINDOW;
        known.then(|| (self.weighted_sum / self.weight) as f32)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn a_sample_counts_less_by_its_age() {
        let mut mean = DecayedMean::default();
        mean.add(at(0), 1.0);
        mean.add(at(0), 1.0);
        mean.add(at(60), 4.0);
        let older = (-1.0_f64).exp();
        let expected = (2.0 * older + 4.0) / (2.0 * older + 1.0);
        assert_eq!(mean.get(at(60)), Some(expected as f32));
    }

    #[test]
    fn three_samples_make_a_figure_and_a_quiet_window_unmakes_it() {
        let mut mean = DecayedMean::default();
        for second in 0..3 {
            assert_eq!(mean.get(at(second)), None);
            mean.add(at(second), 2.0);
        }
        assert_eq!(mean.get(at(302)), Some(2.0));
        assert_eq!(mean.get(at(303)), None);
        mean.add(at(303), 9.0);
        assert_eq!(mean.get(at(303)), None, "the old ones are gone");
    }

    #[test]
    fn a_late_sample_and_a_broken_one_do_no_harm() {
        let mut mean = DecayedMean::default();
        for (second, figure) in [(10, 2.0), (9, 2.0), (10, f32::NAN), (10, f32::INFINITY), (10, 2.0)] {
            mean.add(at(second), figure);
        }
        assert_eq!(mean.get(at(10)), Some(2.0));
    }
}
