//! How models behave now: what the last minutes showed of latency, speed and success.

mod decayed;
mod window;

use std::time::Duration;

use serde::Serialize;

use crate::moment::Moment;
use crate::usage::Tokens;

use decayed::DecayedMean;
use window::{Outcomes, Samples};

/// What a decision wants to know of a model's recent behaviour. `None` where too little was seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveFigures {
    /// Seconds to the first token, smoothed.
    pub first_token_seconds: Option<f32>,
    /// Output tokens per second after it, smoothed; reasoning tokens included.
    pub tokens_per_second: Option<f32>,
    /// Share of attempts that succeed, in [0, 1]: those seen, blended with the expectation of a model nobody has seen fail.
    pub success: Option<f32>,
}

/// Quantiles of the samples in the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quantiles {
    /// The median.
    pub p50: f32,
    /// 95 of 100 are at most this.
    pub p95: f32,
    /// 99 of 100 are at most this.
    pub p99: f32,
}

/// Everything the window holds, for people.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveSummary {
    /// What decisions use.
    #[serde(flatten)]
    pub figures: LiveFigures,
    /// Attempts in the window.
    pub attempts: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// `succeeded` over `attempts`, as it is.
    pub success_rate: Option<f32>,
    /// Seconds to the last token, smoothed.
    pub latency_seconds: Option<f32>,
    /// Seconds to the last token.
    pub latency_quantiles: Option<Quantiles>,
    /// Seconds to the first token.
    pub first_token_quantiles: Option<Quantiles>,
    /// Output tokens per second: p95 and p99 are the fast ones.
    pub tokens_per_second_quantiles: Option<Quantiles>,
}

/// One attempt at a model, as it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// It answered, whole.
    Succeeded {
        /// From sending the request to the first delta, reasoning included; `None` where the answer came in one piece.
        first_token: Option<Duration>,
        /// From sending the request to the end of the answer.
        total: Duration,
        /// Billed output tokens.
        output: Tokens,
    },
    /// It failed, and the fault was the target's
    /// ([`Reaction::target_at_fault`](crate::error_kind::Reaction::target_at_fault)). The caller's faults are not observed.
    Failed,
}

/// How far back figures look.
pub const WINDOW: Duration = Duration::from_secs(300);

/// With fewer samples than this in the window, the prior is the better guess.
const FEWEST_SAMPLES: u32 = 3;

/// Shorter answers arrive in one or two bursts and say nothing about speed.
const FEWEST_TOKENS_FOR_SPEED: u64 = 16;

/// An answer in one piece hides when its first token was, and that wait counts as writing. From this length on it is a
/// small part: half a second of waiting beside 200 tokens at 50 per second makes the model look an eighth slower.
const FEWEST_TOKENS_IN_ONE_PIECE: u64 = 200;

/// Attempts that the expectation of an unseen model is worth: after twenty real ones, what was seen weighs as much.
const PRIOR_ATTEMPTS: f64 = 20.0;

/// Recent behaviour of one model. A few kB at most, and nothing until the first observation.
///
/// Time is an argument; observations may arrive slightly out of order. What is older than [`WINDOW`] is forgotten, so a
/// model that nobody asks goes back to its priors.
#[derive(Debug, Clone, Default)]
pub struct ModelStatistics {
    outcomes: Outcomes,
    latency: Measure,
    first_token: Measure,
    speed: Measure,
}

impl ModelStatistics {
    /// Takes note of an attempt that ended at `now`.
    pub fn observe(&mut self, now: Moment, observation: Observation) {
        let Observation::Succeeded { first_token, total, output } = observation else {
            return self.outcomes.add(now, false);
        };
        self.outcomes.add(now, true);
        self.latency.add(now, total.as_secs_f32());
        if let Some(first_token) = first_token {
            self.first_token.add(now, first_token.as_secs_f32());
        }
        let fewest = if first_token.is_some() { FEWEST_TOKENS_FOR_SPEED } else { FEWEST_TOKENS_IN_ONE_PIECE };
        let writing = total.saturating_sub(first_token.unwrap_or_default());
        if output.0 >= fewest && !writing.is_zero() {
            self.speed.add(now, (output.0 as f64 / writing.as_secs_f64()) as f32);
        }
    }

    /// What a decision wants to know: constant time, no allocation.
    #[must_use]
    pub fn figures(&self, now: Moment) -> LiveFigures {
        let (attempts, succeeded) = self.outcomes.count(now);
        let expected = succeeded as f64 + PRIOR_ATTEMPTS * crate::score::PRIOR_SUCCESS;
        LiveFigures {
            first_token_seconds: self.first_token.mean.get(now),
            tokens_per_second: self.speed.mean.get(now),
            success: (attempts > 0).then(|| (expected / (attempts as f64 + PRIOR_ATTEMPTS)) as f32),
        }
    }

    /// Everything, for people: sorts the samples.
    #[must_use]
    pub fn summary(&self, now: Moment) -> LiveSummary {
        let (attempts, succeeded) = self.outcomes.count(now);
        LiveSummary {
            figures: self.figures(now),
            attempts,
            succeeded,
            success_rate: (attempts > 0).then(|| (succeeded as f64 / attempts as f64) as f32),
            latency_seconds: self.latency.mean.get(now),
            latency_quantiles: self.latency.samples.quantiles(now),
            first_token_quantiles: self.first_token.samples.quantiles(now),
            tokens_per_second_quantiles: self.speed.samples.quantiles(now),
        }
    }
}

/// One quantity: smoothed for decisions, sampled for people.
#[derive(Debug, Clone, Default)]
struct Measure {
    mean: DecayedMean,
    samples: Samples,
}

impl Measure {
    fn add(&mut self, now: Moment, figure: f32) {
        self.mean.add(now, figure);
        self.samples.add(now, figure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn answer(first_token_ms: u64, total_ms: u64, output: u64) -> Observation {
        Observation::Succeeded {
            first_token: (first_token_ms > 0).then(|| Duration::from_millis(first_token_ms)),
            total: Duration::from_millis(total_ms),
            output: Tokens(output),
        }
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        let statistics = ModelStatistics::default();
        assert_eq!(statistics.figures(at(0)), LiveFigures::default());
        assert_eq!(statistics.summary(at(0)), LiveSummary::default());
    }

    #[test]
    fn equal_observations_give_their_own_figures() {
        let mut statistics = ModelStatistics::default();
        for second in 0..4 {
            statistics.observe(at(second), answer(500, 2_500, 100));
        }
        let summary = statistics.summary(at(4));
        assert_eq!(summary.figures.first_token_seconds, Some(0.5));
        assert_eq!(summary.figures.tokens_per_second, Some(50.0));
        assert_eq!(summary.latency_seconds, Some(2.5));
        assert_eq!((summary.attempts, summary.succeeded, summary.success_rate), (4, 4, Some(1.0)));
        assert_eq!(summary.latency_quantiles, Some(Quantiles { p50: 2.5, p95: 2.5, p99: 2.5 }));
    }

    #[test]
    fn success_is_blended_with_the_expectation() {
        let mut statistics = ModelStatistics::default();
        for second in 0..20 {
            statistics.observe(at(second), Observation::Failed);
        }
        // (0 + 20 × 0.99) / (20 + 20)
        assert_eq!(statistics.figures(at(20)).success, Some(0.495));
        assert_eq!(statistics.summary(at(20)).success_rate, Some(0.0));
        assert_eq!(statistics.figures(at(20)).tokens_per_second, None, "failures say nothing about speed");
    }

    #[test]
    fn an_answer_in_one_piece_tells_speed_but_not_the_first_token() {
        let mut statistics = ModelStatistics::default();
        for second in 0..3 {
            statistics.observe(at(second), answer(0, 4_000, 100));
        }
        let figures = statistics.figures(at(3));
        assert_eq!(figures.tokens_per_second, None, "a short one is mostly waiting for its first token");
        for second in 3..6 {
            statistics.observe(at(second), answer(0, 8_000, 200));
        }
        let figures = statistics.figures(at(6));
        assert_eq!((figures.first_token_seconds, figures.tokens_per_second), (None, Some(25.0)));
    }

    #[test]
    fn short_answers_say_nothing_about_speed_and_two_samples_say_too_little() {
        let mut statistics = ModelStatistics::default();
        for second in 0..9 {
            statistics.observe(at(second), answer(500, 600, if second < 2 { 100 } else { 15 }));
        }
        let figures = statistics.figures(at(9));
        assert_eq!((figures.first_token_seconds, figures.tokens_per_second), (Some(0.5), None));
    }

    #[test]
    fn after_a_quiet_window_everything_is_forgotten() {
        let mut statistics = ModelStatistics::default();
        for second in 0..5 {
            statistics.observe(at(second), answer(500, 2_500, 100));
            statistics.observe(at(second), Observation::Failed);
        }
        assert!(statistics.figures(at(290)).success.is_some());
        assert_eq!(statistics.summary(at(4 + 331)), LiveSummary::default());
    }
}
