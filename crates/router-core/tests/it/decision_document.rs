//! The worked example of `docs/ROUTING.md` is what the code computes.

use std::fmt::Write;

use router_core::classify::{Classifier, RuleClassifier};
use router_core::conversation::Conversation;
use router_core::decision::Decision;
use router_core::live::LiveFigures;
use router_core::model::{Model, SpeedPrior};
use router_core::preferences::{Preferences, Target};

use crate::models::{model, price, quality};
use crate::situation::{decide_with, plan};

const DOCUMENT: &str = include_str!("../../../../docs/ROUTING.md");

const PROMPT: &str = "Write a function in Python that parses an ISO 8601 date, with unit tests.";

/// With what is seen of the middling model: the share of its attempts that succeed.
fn example_with(seen: Option<f32>, preferences: &Preferences) -> Decision {
    let speed = |first_token_seconds, tokens_per_second| SpeedPrior { first_token_seconds, tokens_per_second };
    let models = [
        Model { price: price(5.0, 25.0), quality: quality(0.90), speed: speed(1.2, 60.0), ..model("thorough") },
        Model { price: price(1.0, 4.0), quality: quality(0.80), speed: speed(0.6, 120.0), ..model("middling") },
        Model { price: price(0.1, 0.4), quality: quality(0.60), speed: speed(0.3, 200.0), ..model("small") },
    ];
    let middling = LiveFigures { success: seen, ..LiveFigures::default() };
    let live = [LiveFigures::default(), middling];
    decide_with(&models, &live, &[], &Conversation::prompt(PROMPT), preferences)
}

/// The middling one has been failing: three attempts in ten succeed.
fn example(preferences: &Preferences) -> Decision {
    example_with(Some(0.3), preferences)
}

/// White space aside, so that the document may be wrapped.
pub(crate) fn document_has(block: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(DOCUMENT).contains(&words(block)), "docs/ROUTING.md should say\n\n{block}");
}

#[test]
fn the_document_shows_the_prompt_and_what_is_expected_of_it() {
    let classification = RuleClassifier.classify(&Conversation::prompt(PROMPT));
    let decision = example(&Preferences::default());
    let mut block = format!("> {PROMPT}\n\n| type | probability |\n|---|---|\n");
    for (kind, share) in classification.probabilities.iter() {
        let _ = writeln!(block, "| `{}` | {share:.3} |", kind.name());
    }
    let _ = writeln!(
        block,
        "\nDifficulty {:.3}, {} input tokens, {} expected output tokens.",
        decision.difficulty, decision.input_tokens.0, decision.output_tokens.0
    );
    document_has(&block);
}

#[test]
fn the_document_shows_the_figures_of_every_candidate() {
    let decision = example(&Preferences::default());
    let mut block = String::from(
        "| model | Q | C | L | S | quality score | cost score | latency score | utility |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for candidate in &decision.ranked {
        let factors = &candidate.factors;
        let _ = writeln!(
            block,
            "| {} | {:.3} | {} | {:.2} s | {:.2} | {:.3} | {:.3} | {:.3} | {:.3} |",
            candidate.model.id,
            factors.quality,
            factors.cost.usd().unwrap(),
            factors.latency_seconds,
            factors.success,
            factors.quality_score,
            factors.cost_score,
            factors.latency_score,
            factors.utility,
        );
    }
    document_has(&block);
    document_has(&format!("`{}`", decision.summary()));
}

#[test]
fn the_failing_model_would_have_been_first() {
    assert_eq!(plan(&example_with(None, &Preferences::default()))[0], "middling");
}

#[test]
fn the_document_shows_what_targets_choose() {
    let mut block = String::from("| preferences | plan |\n|---|---|\n");
    let best = Preferences { target: Target::Best, ..Preferences::default() };
    let cases = [
        ("weights 0.3 / 0.3 / 0.4", Preferences::default()),
        ("`best`", best.clone()),
        ("`cheapest`, `minQuality` 0.7", Preferences { target: Target::Cheapest, min_quality: Some(0.7), ..best }),
        ("`modelId` middling", Preferences { model: Some("middling".into()), ..Preferences::default() }),
    ];
    for (preferences, case) in cases.map(|(name, preferences)| (name, example(&preferences))) {
        let _ = writeln!(block, "| {preferences} | {} |", plan(&case).join(", "));
    }
    document_has(&block);
}
