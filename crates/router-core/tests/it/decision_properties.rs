//! What holds of every decision, whatever goes in.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use router_core::conversation::{Conversation, Effort, Message, Role};
use router_core::decision::Decision;
use router_core::live::{LiveFigures, ModelStatistics, Observation};
use router_core::model::{Model, QualityPrior, SpeedPrior};
use router_core::moment::Moment;
use router_core::preferences::{Preferences, Target, Weights};
use router_core::prompt_type::{PerType, PromptType};
use router_core::usage::Tokens;
use router_core::usd::Usd;

use crate::models::{model, price};
use crate::situation::{decide_with, plan};

/// Also what no caller should send.
fn any_weight() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..10.0_f64, 1 => Just(0.0), 1 => proptest::num::f64::ANY]
}

fn any_model() -> impl Strategy<Value = Model> {
    let quality = vec(option::weighted(0.9, (any_share(), any_share())), PromptType::COUNT);
    let rates = option::weighted(0.8, prop_oneof![4 => (0.0..30.0, 0.0..120.0), 1 => (Just(0.0), 0.0..1e300)]);
    let speed = (
        prop_oneof![4 => 0.0..20.0_f32, 1 => proptest::num::f32::ANY],
        prop_oneof![4 => 1.0..500.0_f32, 1 => proptest::num::f32::ANY],
    );
    let twin = option::weighted(0.3, 0..3_u8);
    (quality, rates, speed, twin, vec(0..12_u8, 0..3), -2..3_i32, any::<bool>()).prop_map(
        |(quality, rates, (first_token_seconds, tokens_per_second), twin, failover, priority, large)| {
            let figures = quality
                .into_iter()
                .map(|figure| figure.map(|(mean, deviation)| QualityPrior { mean, deviation, measured: true }));
            let mut per_type = PerType([const { None }; PromptType::COUNT]);
            per_type.0.iter_mut().zip(figures).for_each(|(slot, figure)| *slot = figure);
            Model {
                price: rates.and_then(|(input, output)| price(input, output)),
                quality: per_type,
                speed: SpeedPrior { first_token_seconds, tokens_per_second },
                same_as: twin.map(|twin| format!("weights {twin}")),
                failover_order: failover.into_iter().map(|index| id(index.into()).into()).collect(),
                priority,
                context_tokens: Tokens(if large { u64::MAX } else { 8_192 }),
                ..model("")
            }
        },
    )
}

fn any_share() -> impl Strategy<Value = f32> {
    prop_oneof![9 => 0.0..=1.0_f32, 1 => proptest::num::f32::ANY]
}

fn id(index: usize) -> String {
    format!("model {index}")
}

fn any_models() -> impl Strategy<Value = Vec<Model>> {
    vec(any_model(), 0..12).prop_map(|mut models| {
        models.iter_mut().enumerate().for_each(|(index, model)| model.id = id(index).into());
        models
    })
}

fn any_live() -> impl Strategy<Value = Vec<LiveFigures>> {
    let figure = || option::of(prop_oneof![4 => 0.0..100.0_f32, 1 => proptest::num::f32::ANY]);
    vec((figure(), figure(), option::of(any_share())), 0..12).prop_map(|figures| {
        let figures = figures.into_iter().map(|(first_token_seconds, tokens_per_second, success)| LiveFigures {
            first_token_seconds,
            tokens_per_second,
            success,
        });
        figures.collect()
    })
}

fn any_preferences() -> impl Strategy<Value = Preferences> {
    let target = prop_oneof![Just(Target::Balanced), Just(Target::Cheapest), Just(Target::Best), Just(Target::Fastest)];
    let weights = (any_weight(), any_weight(), any_weight());
    let constraints = (option::of(any_share()), option::of(0..10_000_000_i64), option::of(any_weight()));
    let request = (option::of(0..14_usize), any::<bool>(), option::of(0..PromptType::COUNT));
    (weights, target, constraints, request).prop_map(
        |(
            (cost, latency, quality),
            target,
            (min_quality, max_cost, max_latency_seconds),
            (by_name, fallbacks, kind),
        )| {
            Preferences {
                weights: Weights { cost, latency, quality },
                target,
                min_quality: min_quality.map(f64::from),
                max_cost: max_cost.map(Usd::from_nanos),
                max_latency_seconds,
                model: by_name.map(|index| id(index).into()),
                fallbacks,
                prompt_type: kind.map(|kind| PromptType::ALL[kind]),
            }
        },
    )
}

fn any_conversation() -> impl Strategy<Value = Conversation> {
    let role = prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant), Just(Role::Tool)];
    let text = prop_oneof![any::<String>(), "[a-z ?.\n]{0,600}", Just("翻译 def 🦀\u{0}".repeat(900))];
    let effort = option::of(prop_oneof![Just(Effort::None), Just(Effort::Medium), Just(Effort::Max)]);
    let max_output = option::weighted(0.3, prop_oneof![1..40_000_u64, any::<u64>()]);
    (vec((role, text), 0..5), effort, max_output).prop_map(|(turns, effort, max_output)| Conversation {
        messages: turns.into_iter().map(|(role, text)| Message::text(role, text)).collect(),
        effort,
        max_output: max_output.map(Tokens),
        ..Conversation::default()
    })
}

/// Ids by falling utility, and by rank where utilities are equal.
fn by_rank(decision: &Decision) -> Vec<&str> {
    decision.ranked.iter().map(|candidate| candidate.model.id.as_str()).collect()
}

proptest! {
    #[test]
    fn a_decision_is_whole_and_finite(
        models in any_models(), live in any_live(), preferences in any_preferences(), conversation in any_conversation(),
    ) {
        let decision = decide_with(&models, &live, &[], &conversation, &preferences);

        prop_assert_eq!(decision.ranked.len() + decision.excluded.len(), models.len());
        let mut planned = decision.plan.clone();
        planned.sort_unstable();
        prop_assert_eq!(planned, (0..decision.ranked.len()).collect::<Vec<_>>(), "the plan is a permutation");

        prop_assert!((0.0..=1.0).contains(&decision.difficulty));
        let weights = decision.weights;
        prop_assert!((weights.cost + weights.latency + weights.quality - 1.0).abs() < 1e-9);
        for candidate in &decision.ranked {
            let factors = candidate.factors;
            let shares = [
                factors.quality, factors.quality_deviation, factors.success, factors.quality_score, factors.cost_score,
                factors.latency_score,
            ];
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{factors:?}");
            prop_assert!((0.0..=1.0 + 1e-9).contains(&factors.utility), "{factors:?}");
            prop_assert!(factors.latency_seconds.is_finite() && factors.latency_seconds >= 0.0, "{factors:?}");
            if let Some(floor) = preferences.min_quality {
                prop_assert!(floor.is_nan() || factors.quality >= floor - 1e-6, "below the floor: {factors:?}");
            }
            if let Some(ceiling) = preferences.max_cost {
                prop_assert!(factors.cost.usd().is_some_and(|cost| cost <= ceiling), "above the ceiling: {factors:?}");
            }
        }
    }

    #[test]
    fn equal_inputs_equal_plan(
        models in any_models(), live in any_live(), preferences in any_preferences(), conversation in any_conversation(),
    ) {
        let decide = || decide_with(&models, &live, &[], &conversation, &preferences);
        // Compared as text, because a NaN among the caller's constraints is not equal to itself.
        prop_assert_eq!(format!("{:?}", decide()), format!("{:?}", decide()));
    }

    #[test]
    fn removing_a_candidate_does_not_reorder_the_others(
        models in any_models(), preferences in any_preferences(), conversation in any_conversation(), gone in any::<usize>(),
    ) {
        prop_assume!(!models.is_empty());
        let gone = gone % models.len();
        let all = decide_with(&models, &[], &[], &conversation, &preferences);
        let fewer: Vec<_> = models.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, model)| model.clone()).collect();
        let rest = decide_with(&fewer, &[], &[], &conversation, &preferences);
        let mut expected = by_rank(&all);
        expected.retain(|candidate| *candidate != id(gone));
        prop_assert_eq!(by_rank(&rest), expected);
        for candidate in &rest.ranked {
            let before = all.ranked.iter().find(|other| other.model.id == candidate.model.id).unwrap();
            prop_assert_eq!(candidate.factors, before.factors);
        }
    }

    #[test]
    fn raising_a_weight_never_lowers_the_best_on_its_factor(
        models in any_models(), conversation in any_conversation(), factor in 0..3_usize,
        weights in (0.0..10.0_f64, 0.0..10.0_f64, 0.0..10.0_f64), more in 0.001..100.0_f64,
    ) {
        let (cost, latency, quality) = weights;
        let before = Weights { cost, latency, quality };
        let mut after = before;
        *[&mut after.cost, &mut after.latency, &mut after.quality][factor] += more;
        prop_assume!(cost + latency + quality > 0.0);

        let decide = |weights| {
            let preferences = Preferences { weights, ..Preferences::default() };
            decide_with(&models, &[], &[], &conversation, &preferences)
        };
        let (before, after) = (decide(before), decide(after));
        let score = |decision: &Decision, index: usize| {
            let factors = decision.ranked[index].factors;
            [factors.cost_score, factors.latency_score, factors.quality_score][factor]
        };
        let best = (0..before.ranked.len()).max_by(|&a, &b| score(&before, a).total_cmp(&score(&before, b)));
        let Some(best) = best else { return Ok(()) };
        let strictly = (0..before.ranked.len()).all(|other| other == best || score(&before, other) < score(&before, best));
        prop_assume!(strictly);
        let name = by_rank(&before)[best];
        let place = by_rank(&after).iter().position(|id| *id == name).unwrap();
        // Two utilities that are equal in exact arithmetic may differ in the last bit after rescaling.
        let ahead = after.ranked[..place].iter().filter(|other| {
            let was_behind = by_rank(&before).iter().position(|id| *id == other.model.id.as_str()).unwrap() > best;
            was_behind && other.factors.utility > after.ranked[place].factors.utility + 1e-12
        });
        prop_assert_eq!(ahead.count(), 0);
    }

    #[test]
    fn a_model_asked_for_leads_or_is_excluded(
        models in any_models(), preferences in any_preferences(), conversation in any_conversation(),
    ) {
        let decision = decide_with(&models, &[], &[], &conversation, &preferences);
        if let Some(asked_for) = preferences.model.filter(|asked_for| models.iter().any(|model| &model.id == asked_for)) {
            let leads = plan(&decision).first() == Some(&asked_for.as_str());
            prop_assert_ne!(leads, decision.exclusion(&asked_for).is_some());
        }
    }

    #[test]
    fn statistics_are_finite_whatever_is_observed(
        observed in vec((0..100_000_u64, option::of(0..u64::MAX), 0..u64::MAX, any::<u64>(), any::<bool>()), 0..400),
        now in 0..200_000_u64,
    ) {
        use std::time::Duration;
        let mut statistics = ModelStatistics::default();
        for (at, first_token, total, output, failed) in observed {
            let succeeded = Observation::Succeeded {
                first_token: first_token.map(Duration::from_micros),
                total: Duration::from_micros(total),
                output: Tokens(output),
            };
            statistics.observe(Moment(Duration::from_secs(at)), if failed { Observation::Failed } else { succeeded });
        }
        let summary = statistics.summary(Moment(Duration::from_secs(now)));
        let figures = summary.figures;
        let shares = [figures.success, summary.success_rate];
        prop_assert!(shares.iter().flatten().all(|share| (0.0..=1.0).contains(share)), "{summary:?}");
        let amounts = [figures.first_token_seconds, figures.tokens_per_second, summary.latency_seconds];
        prop_assert!(amounts.iter().flatten().all(|amount| amount.is_finite() && *amount >= 0.0), "{summary:?}");
        for quantiles in [summary.latency_quantiles, summary.first_token_quantiles].into_iter().flatten() {
            prop_assert!(quantiles.p50 <= quantiles.p95 && quantiles.p95 <= quantiles.p99);
        }
    }
}
