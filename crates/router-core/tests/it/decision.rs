//! Decisions, one rule at a time.

use jiff::civil::date;
use router_core::capability::{Capabilities, Capability};
use router_core::conversation::{Content, Conversation, Message, Role, Source, Tool, ToolChoice};
use router_core::decision::Decision;
use router_core::exclusion::Exclusion;
use router_core::explain::Explanation;
use router_core::live::LiveFigures;
use router_core::model::{Model, SpeedPrior};
use router_core::preferences::{Preferences, Target};
use router_core::prompt_type::PromptType;
use router_core::usage::Tokens;
use router_core::usd::Usd;

use crate::models::{model, price, quality};
use crate::situation::{decide_among, decide_with, plan};

fn preferences() -> Preferences {
    Preferences::default()
}

fn reason(decision: &Decision, id: &str) -> Exclusion {
    decision.exclusion(&id.into()).cloned().unwrap()
}

fn cheap() -> Model {
    Model { price: price(0.1, 0.4), quality: quality(0.5), ..model("cheap") }
}

fn good() -> Model {
    Model { price: price(5.0, 25.0), quality: quality(0.9), ..model("good") }
}

fn fast() -> Model {
    let speed = SpeedPrior { first_token_seconds: 0.1, tokens_per_second: 500.0 };
    Model { speed, quality: quality(0.6), ..model("fast") }
}

#[test]
fn each_target_has_its_own_order() {
    let models = [cheap(), good(), fast()];
    let first = |target| plan(&decide_among(&models, &Preferences { target, ..preferences() }))[0].to_owned();
    assert_eq!(first(Target::Cheapest), "cheap");
    assert_eq!(first(Target::Best), "good");
    assert_eq!(first(Target::Fastest), "fast");
}

#[test]
fn targets_see_beyond_the_ends_of_the_scales() {
    let models = [
        Model { price: price(9e5, 9e5), ..model("very dear") },
        Model { price: price(8e5, 8e5), ..model("dear") },
        Model { price: price(0.0, 0.0), ..model("free") },
    ];
    let decision = decide_among(&models, &Preferences { target: Target::Cheapest, ..preferences() });
    assert_eq!(plan(&decision), ["free", "dear", "very dear"]);
}

#[test]
fn priority_breaks_ties_and_then_the_order_of_the_registry() {
    let models = [model("a"), model("b"), Model { priority: 1, ..model("c") }];
    assert_eq!(plan(&decide_among(&models, &preferences())), ["c", "a", "b"]);
}

#[test]
fn retired_models_are_not_candidates() {
    let models = [
        Model { is_active: false, ..model("off") },
        Model { shutdown_date: Some(date(2026, 11, 23)), ..model("gone") },
        Model { shutdown_date: Some(date(2026, 11, 24)), ..model("last day") },
    ];
    let decision = decide_among(&models, &preferences());
    assert_eq!(reason(&decision, "off"), Exclusion::Inactive);
    assert_eq!(reason(&decision, "gone"), Exclusion::ShutDown { since: date(2026, 11, 23) });
    assert_eq!(plan(&decision), ["last day"]);
}

#[test]
fn a_model_must_be_able_to_do_what_the_prompt_needs() {
    let tool =
        Tool { name: "find".into(), description: None, parameters: serde_json::json!({}), strict: None, cache: None };
    let image = Content::Image { source: Source::Url("https://example.org/a.png".into()), detail: None };
    let mut conversation = Conversation::prompt("What is this?");
    conversation.messages.push(Message { role: Role::User, parts: vec![image.into()] });
    conversation.tools = vec![tool];
    conversation.tool_choice = ToolChoice::Required;
    let can = |capabilities: &[Capability]| capabilities.iter().copied().collect::<Capabilities>();
    let models = [
        Model { capabilities: can(&[Capability::Tools, Capability::Vision]), ..model("cannot be forced") },
        Model { capabilities: can(&[Capability::Tools, Capability::ForcedTools]), ..model("blind") },
        Model { capabilities: can(&[Capability::Tools, Capability::ForcedTools, Capability::Vision]), ..model("all") },
    ];
    let decision = decide_with(&models, &[], &[], &conversation, &preferences());
    assert_eq!(reason(&decision, "cannot be forced"), Exclusion::Lacks { capability: Capability::ForcedTools });
    assert_eq!(reason(&decision, "blind"), Exclusion::Lacks { capability: Capability::Vision });
    assert_eq!(plan(&decision), ["all"]);
}

#[test]
fn prompt_and_answer_must_fit() {
    // 4,000 ASCII characters are 1,000 tokens, and the turn costs 4.
    let conversation = Conversation { max_output: Some(Tokens(500)), ..Conversation::prompt("word ".repeat(800)) };
    let models = [
        Model { context_tokens: Tokens(1_503), ..model("small") },
        Model { context_tokens: Tokens(1_504), ..model("fits") },
        Model { max_output_tokens: Tokens(499), ..model("terse") },
    ];
    let decision = decide_with(&models, &[], &[], &conversation, &preferences());
    let too_small = Exclusion::ContextTooSmall { needed: Tokens(1_504), available: Tokens(1_503) };
    assert_eq!(reason(&decision, "small"), too_small);
    let too_long = Exclusion::OutputTooLong { needed: Tokens(500), available: Tokens(499) };
    assert_eq!(reason(&decision, "terse"), too_long);
    assert_eq!(plan(&decision), ["fits"]);
}

#[test]
fn a_model_that_does_not_take_the_type_is_no_candidate_when_the_type_is_likely() {
    let mut no_code = model("no code");
    no_code.quality.0[PromptType::CodeGeneration.index()] = None;
    let prompt_type = PromptType::CodeGeneration;
    let exclusion = Exclusion::UnsupportedPromptType { prompt_type };

    let declared = Preferences { prompt_type: Some(prompt_type), ..preferences() };
    let decision = decide_among(&[no_code.clone(), model("all")], &declared);
    assert_eq!((decision.classifier.as_str(), decision.probabilities.likeliest()), ("caller", (prompt_type, 1.0)));
    assert_eq!(reason(&decision, "no code"), exclusion);

    let code = Conversation::prompt("Write a function in Python that reverses a list; add unit tests to my code.");
    let models = [no_code, model("all")];
    let guessed = decide_with(&models, &[], &[], &code, &preferences());
    assert_eq!((guessed.classifier.as_str(), reason(&guessed, "no code")), ("rules-1", exclusion.clone()));

    let by_name = Preferences { model: Some("no code".into()), ..preferences() };
    assert_eq!(plan(&decide_with(&models, &[], &[], &code, &by_name)), ["no code", "all"], "a guess does not overrule");
    let by_name_and_type = Preferences { prompt_type: Some(prompt_type), ..by_name };
    assert_eq!(reason(&decide_with(&models, &[], &[], &code, &by_name_and_type), "no code"), exclusion);
}

#[test]
fn constraints_exclude_with_their_figures() {
    let slow = Model { speed: SpeedPrior { first_token_seconds: 60.0, tokens_per_second: 50.0 }, ..model("slow") };
    let models = [cheap(), good(), slow, Model { price: None, ..model("unpriced") }, model("ordinary")];
    let constrained = Preferences {
        min_quality: Some(0.6),
        max_cost: Some(Usd::from_dollars(0.003)),
        max_latency_seconds: Some(30.0),
        ..preferences()
    };
    let decision = decide_among(&models, &constrained);
    assert_eq!(plan(&decision), ["ordinary"]);
    assert!(matches!(reason(&decision, "cheap"),
        Exclusion::BelowMinQuality { expected, required: 0.6 } if (expected - 0.5).abs() < 1e-6));
    assert!(matches!(reason(&decision, "good"),
        Exclusion::AboveMaxCost { expected_usd, allowed_usd: 0.003 } if expected_usd > 0.003));
    assert!(matches!(reason(&decision, "slow"),
        Exclusion::AboveMaxLatency { expected_seconds, allowed_seconds: 30.0 } if expected_seconds > 60.0));
    assert_eq!(reason(&decision, "unpriced"), Exclusion::Unpriced);
}

#[test]
fn exactly_the_quality_asked_for_is_enough() {
    for share in 1..=100_u8 {
        let floor = f64::from(share) / 100.0;
        let models = [Model { quality: quality(floor as f32), ..model("enough") }];
        let decision = decide_among(&models, &Preferences { min_quality: Some(floor), ..preferences() });
        assert_eq!(plan(&decision), ["enough"], "{floor}");
    }
}

#[test]
fn without_a_ceiling_an_unpriced_model_is_a_candidate_with_the_worst_cost_factor() {
    let decision = decide_among(&[Model { price: None, ..model("unpriced") }], &preferences());
    assert_eq!(decision.ranked[0].factors.cost_score, 0.0);
}

#[test]
fn the_same_model_elsewhere_comes_before_its_failover_order_and_that_before_the_rest() {
    let models = [
        Model {
            priority: 9,
            same_as: Some("weights".into()),
            failover_order: vec!["second".into(), "off".into(), "unknown".into(), "first".into()],
            ..model("choice")
        },
        Model { quality: quality(0.69), ..model("ranks well") },
        Model { quality: quality(0.6), ..model("first") },
        Model { quality: quality(0.5), ..model("second") },
        Model { quality: quality(0.4), same_as: Some("weights".into()), ..model("elsewhere") },
        Model { is_active: false, ..model("off") },
    ];
    let decision = decide_among(&models, &preferences());
    assert_eq!(plan(&decision), ["choice", "elsewhere", "second", "first", "ranks well"]);
}

#[test]
fn a_model_asked_for_by_name_leads_whatever_its_utility() {
    let models = [model("better"), Model { quality: quality(0.1), ..model("asked for") }];
    let by_name = Preferences { model: Some("asked for".into()), ..preferences() };
    assert_eq!(plan(&decide_among(&models, &by_name)), ["asked for", "better"]);

    let alone = Preferences { fallbacks: false, ..by_name.clone() };
    let decision = decide_among(&models, &alone);
    assert_eq!(plan(&decision), ["asked for"]);
    assert_eq!(reason(&decision, "better"), Exclusion::NotRequested);

    let floor = Preferences { min_quality: Some(0.5), ..by_name };
    let decision = decide_among(&models, &floor);
    assert!(matches!(reason(&decision, "asked for"), Exclusion::BelowMinQuality { .. }));
    assert_eq!(plan(&decision), ["better"]);
}

#[test]
fn what_stands_in_for_an_unavailable_model_comes_before_what_ranks_well() {
    let models = [
        Model { same_as: Some("weights".into()), failover_order: vec!["cousin".into()], ..model("asked for") },
        Model { quality: quality(0.9), ..model("ranks well") },
        Model { quality: quality(0.5), ..model("cousin") },
        Model { quality: quality(0.4), same_as: Some("weights".into()), ..model("elsewhere") },
    ];
    let by_name = Preferences { model: Some("asked for".into()), ..preferences() };
    let conversation = Conversation::prompt("What is the capital of Australia?");
    let decision = decide_with(&models, &[], &["asked for"], &conversation, &by_name);
    assert_eq!(reason(&decision, "asked for"), Exclusion::Unavailable);
    assert_eq!(plan(&decision), ["elsewhere", "cousin", "ranks well"]);

    let alone = Preferences { fallbacks: false, ..by_name };
    let decision = decide_with(&models, &[], &["asked for"], &conversation, &alone);
    assert!(decision.choice().is_none());
    assert_eq!(
        Explanation::from(&decision).summary,
        "no model can answer: 3 not asked for, 1 unavailable at the moment"
    );
}

#[test]
fn what_was_seen_moves_the_choice() {
    let models = [Model { quality: quality(0.71), ..model("failing") }, model("well")];
    let failing = LiveFigures { success: Some(0.3), ..LiveFigures::default() };
    let conversation = Conversation::prompt("What is the capital of Australia?");
    assert_eq!(plan(&decide_with(&models, &[], &[], &conversation, &preferences()))[0], "failing");
    assert_eq!(plan(&decide_with(&models, &[failing], &[], &conversation, &preferences()))[0], "well");
}

#[test]
fn an_explanation_is_the_decision() {
    let models = [cheap(), good(), Model { is_active: false, ..model("off") }];
    let decision = decide_among(&models, &preferences());
    let json = serde_json::to_value(Explanation::from(&decision)).unwrap();
    let first = &json["candidates"][0];
    let choice = decision.choice().unwrap();
    assert_eq!(first["modelId"], choice.model.id.as_str());
    assert_eq!((&first["rank"], &first["planPosition"]), (&1.into(), &1.into()));
    // With five decimals.
    assert_eq!(first["utility"].to_string(), format!("{:.5}", choice.factors.utility).trim_end_matches('0'));
    assert_eq!(first["cost"]["status"], "priced");
    assert_eq!(json["excluded"][0], serde_json::json!({"modelId": "off", "reason": "inactive"}));
    assert_eq!(json["promptType"], "question_answering");
    assert_eq!(json["qualityWeight"], 0.4);
    assert_eq!(json["summary"], decision.summary());
}

#[test]
fn a_brief_explanation_lists_what_this_request_met_and_counts_the_rest() {
    let off = |name: &str| Model { is_active: false, ..model(name) };
    let models = [off("one"), cheap(), off("two"), Model { quality: quality(0.1), ..model("poor") }, good()];
    let decision = decide_among(&models, &Preferences { min_quality: Some(0.2), ..preferences() });
    let json = serde_json::to_value(Explanation::of_best(&decision, 1)).unwrap();
    assert_eq!((json["candidates"].as_array().unwrap().len(), &json["candidatesOmitted"]), (1, &1.into()));
    assert_eq!(json["excluded"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&json["excluded"][0]["modelId"], &json["excluded"][0]["reason"]),
        (&"poor".into(), &"below_min_quality".into())
    );
    assert_eq!(json["excludedOmitted"], serde_json::json!({"inactive": 2}));
}
