//! The adapters against the simulated providers, which check requests as strictly as the real ones.

use std::sync::Arc;
use std::time::Duration;

use router_core::capability::Capability;
use router_core::conversation::{
    CacheMark, Content, Conversation, Effort, Message, Part, ResponseFormat, Role, Sampling, Source, ToolChoice,
};
use router_core::error_kind::{ErrorKind, Phase};
use router_core::finish::FinishReason;
use router_core::model::Model;
use router_core::usage::Tokens;
use router_providers::answer::{Answer, CallError};
use router_providers::call::Deadlines;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::json;

use crate::given::{call, marked, model, text, tool, tool_result, turn, without};

/// Each wire with its kind and models of each generation, as a catalogue would describe them.
fn models() -> Vec<(Wire, &'static str, Model)> {
    use Capability::{ForcedTools, Pdf, Prefill, Reasoning, SamplingParameters};
    vec![
        (Wire::OpenAi, "openai", without(model("gpt-4o"), &[Reasoning, Prefill])),
        (Wire::OpenAi, "openai", without(model("gpt-5-mini"), &[SamplingParameters, Prefill])),
        (Wire::Anthropic, "anthropic", model("claude-haiku-4-5")),
        (Wire::Anthropic, "anthropic", without(model("claude-sonnet-5"), &[SamplingParameters, Prefill])),
        (Wire::Anthropic, "anthropic", without(model("claude-opus-5-5"), &[SamplingParameters, Prefill, ForcedTools])),
        (Wire::OpenRouter, "openrouter", without(model("anthropic/claude-haiku-4.5"), &[Pdf])),
        (Wire::OpenRouter, "openai_compatible", without(model("meta-llama/llama-4"), &[Reasoning])),
    ]
}

fn provider(simulator: &Simulator, wire: Wire, kind: &str) -> Arc<dyn Provider> {
    let config = InstanceConfig::new("test").with_base_url(simulator.base_url(wire)).with_api_key("sk-simulated");
    (kinds::find(kind).unwrap().build)(&config).unwrap()
}

async fn ask(provider: &dyn Provider, model: &Model, conversation: &Conversation) -> Result<Answer, CallError> {
    let deadlines = Deadlines { total: Duration::from_secs(20), ..Deadlines::default() };
    provider.complete(call(model, conversation).with_deadlines(deadlines)).await
}

/// Everything a conversation can hold, as far as the model can take it.
fn demanding(model: &Model) -> Conversation {
    let has = |capability| model.capabilities.has(capability);
    let png = Source::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() };
    let mut asked = Conversation {
        messages: vec![
            Message { role: Role::System, parts: vec![marked(text("Be brief."), CacheMark::Default)] },
            Message { role: Role::System, parts: vec![Part::text("Be kind.")] },
            turn(Role::User, vec![text("Look"), Content::Image { source: png, detail: None }]),
            turn(Role::User, vec![text("and use tool plain")]),
        ],
        tools: vec![tool("files.read"), tool("plain")],
        parallel_tool_calls: Some(false),
        effort: Some(Effort::High),
        sampling: Sampling { temperature: Some(1.2), top_p: Some(0.9), top_k: Some(10) },
        max_output: Some(Tokens(9_000)),
        stop: vec!["NEVER".into()],
        user: Some("u-1".into()),
        ..Conversation::default()
    };
    if has(Capability::ForcedTools) {
        asked.tool_choice = ToolChoice::Named("files.read".into());
    }
    asked
}

#[tokio::test]
async fn a_tool_loop_on_every_wire() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    for (wire, kind, model) in models() {
        let provider = provider(&simulator, wire, kind);
        let mut asked = demanding(&model);
        let answer =
            ask(&*provider, &model, &asked).await.unwrap_or_else(|error| panic!("{kind} {}: {error}", model.id));
        assert_eq!(answer.finish, FinishReason::ToolCalls, "{kind} {}", model.id);
        let calls: Vec<_> = answer
            .parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::ToolCall(call) => Some(call.clone()),
                _ => None,
            })
            .collect();
        // A forced tool comes back under the name that the caller gave it, not the one that fits the wire.
        let forced = model.capabilities.has(Capability::ForcedTools);
        assert_eq!(calls[0].name, if forced { "files.read" } else { "plain" }, "{kind} {}", model.id);

        asked.messages.push(Message { role: Role::Assistant, parts: answer.parts });
        asked.messages.extend(calls.iter().map(|call| turn(Role::Tool, vec![tool_result(&call.id, vec![text("r")])])));
        asked.messages.push(turn(Role::User, vec![text("Thank you")]));
        asked.tool_choice = ToolChoice::Auto;
        let answer =
            ask(&*provider, &model, &asked).await.unwrap_or_else(|error| panic!("{kind} {}: {error}", model.id));
        assert_eq!(answer.finish, FinishReason::Stop, "{kind} {}", model.id);
        assert!(answer.text().starts_with("[simulated]") && answer.text().contains("Thank you"), "{}", answer.text());
        let usage = answer.usage.unwrap();
        assert!(usage.input > Tokens(0) && usage.output > Tokens(0));
    }
}

#[tokio::test]
async fn structured_output_on_every_wire() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false});
    for (wire, kind, model) in models() {
        let format =
            ResponseFormat::JsonSchema { name: Some("place".into()), schema: schema.clone(), strict: Some(true) };
        let asked = Conversation { response_format: Some(format), ..Conversation::prompt("Where?") };
        let answer = ask(&*provider(&simulator, wire, kind), &model, &asked).await.unwrap();
        let place: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
        assert!(place["city"].is_string(), "{kind} {}", model.id);
    }
}

#[tokio::test]
async fn usage_is_the_same_in_every_convention() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let words: Vec<_> = (0..96).map(|n| n.to_string()).collect();
    for (wire, kind, plain) in models() {
        let model = Model { upstream_name: format!("{}+cached+written+reasoning", plain.upstream_name), ..plain };
        let asked = Conversation::prompt(words.join(" "));
        let usage = ask(&*provider(&simulator, wire, kind), &model, &asked).await.unwrap().usage.unwrap();
        // 96 words and 4 for the message: 80 read from the cache and 10 written to it.
        assert_eq!(
            (usage.input, usage.cache_read, usage.cache_write_5m),
            (Tokens(10), Tokens(80), Tokens(10)),
            "{kind}"
        );
        assert_eq!((usage.reasoning, usage.total_input()), (Tokens(64), Tokens(100)), "{kind}");
        assert!(usage.output > usage.reasoning);
    }
}

#[tokio::test]
async fn every_fault_has_its_kind() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let faults = [
        ("429", ErrorKind::RateLimited),
        ("429-after-2s", ErrorKind::RateLimited),
        ("500", ErrorKind::ServerError),
        ("503", ErrorKind::Overloaded),
        ("529", ErrorKind::Overloaded),
        ("401", ErrorKind::Auth),
        ("404", ErrorKind::NotFound),
        ("quota", ErrorKind::Quota),
        ("context", ErrorKind::ContextTooLong),
        ("policy", ErrorKind::ContentPolicy),
        ("reset", ErrorKind::Connection),
        ("cut-body", ErrorKind::Malformed),
        ("garbage", ErrorKind::Malformed),
        ("html", ErrorKind::Malformed),
    ];
    for (wire, kind, plain) in models() {
        let provider = provider(&simulator, wire, kind);
        let named =
            |fault: &str| Model { upstream_name: format!("{}+fault:{fault}", plain.upstream_name), ..plain.clone() };
        // OpenAI's is about the country, for all its models; the others' are about this model.
        let forbidden = if wire == Wire::OpenAi { ErrorKind::Auth } else { ErrorKind::NotFound };
        for (fault, expected) in faults.into_iter().chain([("403", forbidden)]) {
            let error = ask(&*provider, &named(fault), &Conversation::prompt("x")).await.unwrap_err();
            assert_eq!(error.kind, expected, "{kind} {fault}: {error:?}");
            let wait = (fault == "429-after-2s").then(|| Duration::from_secs(2));
            assert_eq!(error.retry_after, wait, "{kind} {fault}");
        }
        let error = ask(&*provider, &named("error-in-200"), &Conversation::prompt("x")).await.unwrap_err();
        assert_ne!(error.kind, ErrorKind::Malformed, "{kind}: {error:?}");
        let refused = ask(&*provider, &named("refusal"), &Conversation::prompt("x")).await.unwrap();
        let says_no = refused.parts.iter().any(|part| matches!(part.content, Content::Refusal(_)));
        assert!(says_no || refused.finish == FinishReason::ContentFilter, "{kind}: {refused:?}");
        let soon = Deadlines { total: Duration::from_millis(50), ..Deadlines::default() };
        let (silent, asked) = (named("silent"), Conversation::prompt("x"));
        let error = provider.complete(call(&silent, &asked).with_deadlines(soon)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout(Phase::FirstEvent), "{kind}");
    }
}

#[tokio::test]
async fn one_question_is_one_attempt() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let provider = provider(&simulator, Wire::OpenAi, "openai");
    for fault in ["reset", "500", "503", "429"] {
        simulator.reset();
        let model = model(&format!("gpt-4o+fault:{fault}"));
        ask(&*provider, &model, &Conversation::prompt("x")).await.unwrap_err();
        assert_eq!(simulator.attempts().len(), 1, "{fault}");
    }
}
