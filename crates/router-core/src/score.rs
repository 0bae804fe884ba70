//! What is expected of one model for one prompt, and how much this caller would like it.
//!
//! Everything here depends on the model, the prompt and the preferences alone, never on the other candidates: adding or
//! removing one cannot change the order of the rest. `docs/ROUTING.md` has the formula and a worked example.

use std::cmp::Ordering;

use crate::decision::{CachedPrompt, Factors};
use crate::estimate;
use crate::live::LiveFigures;
use crate::model::Model;
use crate::preferences::{Target, Weights};
use crate::price::Cost;
use crate::prompt_type::{PerType, PromptType, TypeProbabilities};
use crate::quality::QualityFigure;
use crate::usage::{Tokens, Usage};

/// A fixed logarithmic scale: 1 at `best` and below, 0 at `worst` and above.
///
/// Logarithmic, because people compare prices and waits by ratio; fixed, because a scale taken from the candidates at
/// hand would let an irrelevant one change the choice.
#[derive(Debug, Clone, Copy)]
pub struct LogScale {
    /// From here down, 1.
    pub best: f64,
    /// From here up, 0.
    pub worst: f64,
}

/// USD per answer. A short prompt on the cheapest models of the market costs about $0.000001; a million tokens on the
/// dearest, about $10.
pub const COST_SCALE: LogScale = LogScale { best: 1e-6, worst: 10.0 };

/// Seconds to the last token. No hosted model answers in under 0.1 s; nobody waits five minutes without having said
/// that latency does not matter.
pub const LATENCY_SCALE: LogScale = LogScale { best: 0.1, worst: 300.0 };

/// Share of attempts that succeed where nothing was seen yet: providers publish availabilities from 99 % to 99.9 %.
pub const PRIOR_SUCCESS: f64 = 0.99;

/// A model that always fails would cost infinitely much per answer. One answer in a hundred is as bad as never.
const LEAST_SUCCESS: f64 = 0.01;

/// For a model whose speed is neither measured nor stated: the middle of what hosted models do.
const DEFAULT_FIRST_TOKEN_SECONDS: f64 = 1.0;
const DEFAULT_TOKENS_PER_SECOND: f64 = 50.0;

/// Slower than this is a broken measurement, and must not make a latency infinite.
const LEAST_TOKENS_PER_SECOND: f64 = 0.1;
/// Longer than this is, too: ten times the longest wait that providers allow.
const MOST_FIRST_TOKEN_SECONDS: f64 = 6_000.0;

impl LogScale {
    /// Where `amount` is on the scale. Zero is best; what is not a number is worst.
    #[must_use]
    pub fn score(self, amount: f64) -> f64 {
        if amount.is_nan() {
            return 0.0;
        }
        let position = (amount.max(self.best) / self.best).ln() / (self.worst / self.best).ln();
        1.0 - position.min(1.0)
    }
}

/// What a prompt asks of any model: what scoring needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'a> {
    /// How likely it is of each type.
    pub probabilities: &'a TypeProbabilities,
    /// The likeliest type.
    pub prompt_type: PromptType,
    /// Estimated input tokens.
    pub input: Tokens,
    /// The part of them that one model's provider still holds.
    pub cached: Option<CachedPrompt<'a>>,
    /// Expected tokens of the visible answer.
    pub visible: Tokens,
    /// Expected tokens of reasoning before it, from a model that reasons.
    pub thinking: Tokens,
    /// The caller's limit on output.
    pub max_output: Option<Tokens>,
    /// Normalised.
    pub weights: Weights,
}

/// What is expected of `model` for this prompt, and its utility.
#[must_use]
pub fn score(
    demand: &Demand<'_>,
    model: &Model,
    quality_figures: &PerType<Option<QualityFigure>>,
    live: &LiveFigures,
) -> Factors {
    let (quality, quality_deviation) = quality(demand.probabilities, quality_figures);
    let output_tokens = estimate::output_tokens(model, demand.visible, demand.thinking, demand.max_output);
    let cost = cost(demand, model, output_tokens);
    let latency_seconds = latency_seconds(model, live, output_tokens);
    let success = success(live);

    let quality_score = quality * (1.0 - (1.0 - success).powi(2));
    let cost_score = cost.usd().map_or(0.0, |usd| COST_SCALE.score(usd.dollars() / success));
    let latency_score = LATENCY_SCALE.score(latency_seconds / success);
    let Weights { cost: for_cost, latency: for_latency, quality: for_quality } = demand.weights;
    Factors {
        quality,
        quality_deviation,
        quality_origin: quality_figures.get(demand.prompt_type).unwrap_or_default().origin,
        output_tokens,
        cost,
        latency_seconds,
        success,
        quality_score,
        cost_score,
        latency_score,
        utility: for_cost * cost_score + for_latency * latency_score + for_quality * quality_score,
    }
}

/// Σ P(type) · q(model, type) and its standard deviation, the beliefs about different types taken as independent.
/// A type the model does not support counts as quality 0.
fn quality(probabilities: &TypeProbabilities, figures: &PerType<Option<QualityFigure>>) -> (f64, f64) {
    let (mut mean, mut variance) = (0.0, 0.0);
    for (kind, &probability) in probabilities.iter() {
        if let Some(figure) = figures.get(kind) {
            let probability = f64::from(probability);
            mean += probability * unit(figure.mean);
            variance += (probability * unit(figure.deviation)).powi(2);
        }
    }
    // Probabilities are `f32` and may sum to a hair more than 1.
    (mean.min(1.0), variance.sqrt().min(1.0))
}

/// What one answer is expected to cost. Input that the provider still holds is read from its cache.
fn cost(demand: &Demand<'_>, model: &Model, output: Tokens) -> Cost {
    let cached = demand.cached.filter(|cached| cached.model == &model.id);
    let cache_read = cached.map_or(Tokens(0), |cached| cached.input_tokens.min(demand.input));
    model.cost(&Usage { input: Tokens(demand.input.0 - cache_read.0), cache_read, output, ..Usage::default() })
}

/// First token, then the rest at the model's speed: as measured, else as the catalogue says, else a middling default.
fn latency_seconds(model: &Model, live: &LiveFigures, output: Tokens) -> f64 {
    let sane = |figure: f32| figure.is_finite() && figure > 0.0;
    let pick = |live: Option<f32>, prior: f32, default: f64| {
        live.filter(|&figure| sane(figure)).or_else(|| sane(prior).then_some(prior)).map_or(default, f64::from)
    };
    let first_token = pick(live.first_token_seconds, model.speed.first_token_seconds, DEFAULT_FIRST_TOKEN_SECONDS);
    let per_second = pick(live.tokens_per_second, model.speed.tokens_per_second, DEFAULT_TOKENS_PER_SECOND);
    first_token.min(MOST_FIRST_TOKEN_SECONDS) + output.0 as f64 / per_second.max(LEAST_TOKENS_PER_SECOND)
}

fn success(live: &LiveFigures) -> f64 {
    let seen = live.success.filter(|share| share.is_finite());
    seen.map_or(PRIOR_SUCCESS, f64::from).clamp(LEAST_SUCCESS, 1.0)
}

/// Into [0, 1]; what is not a number is 0.
fn unit(figure: f32) -> f64 {
    if figure.is_nan() { 0.0 } else { f64::from(figure).clamp(0.0, 1.0) }
}

impl Factors {
    /// Cost per answer obtained, failed attempts included; infinite where the price is unknown.
    fn cost_with_retries(&self) -> f64 {
        self.cost.usd().map_or(f64::INFINITY, |usd| usd.dollars() / self.success)
    }

    /// How `self` ranks beside `other` under `target`: `Less` is ahead. What decides is the target's own figure, unclamped
    /// (two models off the end of a scale still differ), then utility.
    #[must_use]
    pub fn rank(&self, other: &Self, target: Target) -> Ordering {
        let by_target = match target {
            Target::Balanced => Ordering::Equal,
            Target::Cheapest => self.cost_with_retries().total_cmp(&other.cost_with_retries()),
            Target::Best => other.quality_score.total_cmp(&self.quality_score),
            Target::Fastest => {
                (self.latency_seconds / self.success).total_cmp(&(other.latency_seconds / other.success))
            }
        };
        by_target.then_with(|| other.utility.total_cmp(&self.utility))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SpeedPrior;
    use crate::price::{PerMillion, Rates};
    use crate::quality::QualityTable;
    use crate::registry::Registry;
    use crate::test_models::{model, price, quality};
    use crate::usd::Usd;

    /// Half summarization, half code.
    const PROBABILITIES: &TypeProbabilities = &PerType([0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]);

    fn scored<'a>(model: Model, live: &LiveFigures, change: impl FnOnce(&mut Demand<'a>)) -> Factors {
        let mut demand = Demand {
            probabilities: PROBABILITIES,
            prompt_type: PromptType::Summarization,
            input: Tokens(1_000),
            cached: None,
            visible: Tokens(100),
            thinking: Tokens(0),
            max_output: None,
            weights: Weights::default().normalised(),
        };
        change(&mut demand);
        let registry = Registry::new([model]);
        let table = QualityTable::from_priors(&registry);
        score(&demand, &registry.models()[0], table.row(0).unwrap(), live)
    }

    fn seen(first_token: f32, speed: f32, success: f32) -> LiveFigures {
        LiveFigures { first_token_seconds: Some(first_token), tokens_per_second: Some(speed), success: Some(success) }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_scale_runs_from_one_to_zero_by_ratio() {
        let scale = LogScale { best: 0.1, worst: 1_000.0 };
        for (amount, expected) in [(0.0, 1.0), (0.1, 1.0), (1.0, 0.75), (10.0, 0.5), (1_000.0, 0.0), (1e9, 0.0)] {
            assert!(close(scale.score(amount), expected), "{amount}: {}", scale.score(amount));
        }
        assert_eq!(scale.score(f64::NAN), 0.0);
        assert_eq!(scale.score(f64::INFINITY), 0.0);
    }

    #[test]
    fn quality_is_weighed_by_type_and_an_unsupported_type_counts_as_nothing() {
        let all = scored(Model { quality: quality(0.8), ..model("m") }, &LiveFigures::default(), |_| ());
        assert!(close(all.quality, 0.8), "{}", all.quality);
        let mut half = Model { quality: quality(0.8), ..model("m") };
        half.quality.0[PromptType::CodeGeneration.index()] = None;
        assert!(close(scored(half, &LiveFigures::default(), |_| ()).quality, 0.4));
    }

    #[test]
    fn cost_is_what_the_price_says_of_the_expected_usage() {
        // 1,000 × $2/M + 100 × $10/M = $0.003.
        let factors = scored(Model { price: price(2.0, 10.0), ..model("m") }, &LiveFigures::default(), |_| ());
        assert_eq!(factors.cost.usd(), Some(Usd::from_dollars(0.003)));
    }

    #[test]
    fn input_that_the_provider_still_holds_is_cheaper_at_that_model_alone() {
        let (id, other) = ("m".into(), "other".into());
        let cost = |holder| {
            let mut price = price(2.0, 10.0).unwrap();
            price.base = Rates { cache_read: PerMillion::from_dollars(0.2), ..price.base };
            let cached = CachedPrompt { model: holder, input_tokens: Tokens(5_000) };
            scored(Model { price: Some(price), ..model("m") }, &LiveFigures::default(), |demand| {
                demand.cached = Some(cached);
            })
            .cost
            .usd()
        };
        assert_eq!(cost(&id), Some(Usd::from_dollars(0.0002 + 0.001)), "no more than the prompt has");
        assert_eq!(cost(&other), Some(Usd::from_dollars(0.003)));
    }

    #[test]
    fn latency_is_measured_where_it_can_be_and_else_believed() {
        let at = |first_token_seconds, tokens_per_second| Model {
            speed: SpeedPrior { first_token_seconds, tokens_per_second },
            ..model("m")
        };
        assert!(close(scored(at(2.0, 50.0), &LiveFigures::default(), |_| ()).latency_seconds, 2.0 + 2.0));
        assert!(close(scored(at(2.0, 50.0), &seen(0.5, 100.0, 1.0), |_| ()).latency_seconds, 0.5 + 1.0));
        let unknown = scored(at(f32::NAN, 0.0), &seen(f32::INFINITY, -1.0, 1.0), |_| ());
        assert!(close(unknown.latency_seconds, 1.0 + 2.0), "the defaults: {}", unknown.latency_seconds);
    }

    #[test]
    fn failures_make_every_factor_worse() {
        let model = Model { quality: quality(0.8), price: price(2.0, 10.0), ..model("m") };
        let well = scored(model.clone(), &seen(2.0, 50.0, 1.0), |_| ());
        let half = scored(model, &seen(2.0, 50.0, 0.5), |_| ());
        assert!(close(well.quality_score, 0.8));
        assert!(close(half.quality_score, 0.8 * 0.75), "answered by the first attempt or by its retry");
        assert!(close(half.cost_score, COST_SCALE.score(0.006)), "twice the price per answer");
        assert!(close(half.latency_score, LATENCY_SCALE.score(8.0)), "twice the wait per answer");
        assert_eq!((half.quality, half.cost, half.latency_seconds), (well.quality, well.cost, well.latency_seconds));
    }

    #[test]
    fn an_unknown_price_takes_the_worst_cost_factor_and_the_last_place_among_the_cheap() {
        let unpriced = scored(Model { price: None, ..model("m") }, &LiveFigures::default(), |_| ());
        let dear = scored(Model { price: price(1e6, 1e6), ..model("m") }, &LiveFigures::default(), |_| ());
        assert_eq!(unpriced.cost_score, 0.0);
        assert_eq!(unpriced.rank(&dear, Target::Cheapest), Ordering::Greater);
    }
}
