//! Streams of the simulated providers, on every wire, good ones and those that misbehave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use router_core::capability::Capability;
use router_core::conversation::{Content, Conversation, ToolChoice};
use router_core::error_kind::{ErrorKind, Phase};
use router_core::finish::FinishReason;
use router_core::model::Model;
use router_core::usage::{Tokens, Usage};
use router_providers::answer::{CallError, Spent};
use router_providers::call::Deadlines;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Outcome, Simulator, SimulatorConfig, Wire};
use serde_json::Value;

use crate::given::{call, model, tool, without};
use crate::streamed::{SHORT, Told, ask};

struct Stage {
    simulator: Simulator,
    /// One of each kind: setting one up takes longer than asking it.
    providers: Vec<(&'static str, Arc<dyn Provider>)>,
}

const WIRES: [(Wire, &str, &str); 4] = [
    (Wire::OpenAi, "openai", "gpt-4o"),
    (Wire::Anthropic, "anthropic", "claude-haiku-4-5"),
    (Wire::OpenRouter, "openrouter", "anthropic/claude-haiku-4.5"),
    (Wire::OpenRouter, "openai_compatible", "meta-llama/llama-4"),
];

impl Stage {
    async fn start() -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let build = |(wire, kind, _)| {
            let config =
                InstanceConfig::new("test").with_base_url(simulator.base_url(wire)).with_api_key("sk-simulated");
            (kind, (kinds::find(kind).unwrap().build)(&config).unwrap())
        };
        let providers = WIRES.map(build).into();
        Self { simulator, providers }
    }

    fn provider(&self, kind: &str) -> &dyn Provider {
        &*self.providers.iter().find(|(name, _)| *name == kind).unwrap().1
    }

    async fn ask(&self, kind: &str, name: &str, asked: &Conversation) -> (Told, Option<CallError>) {
        let model = without(model(name), &[Capability::Reasoning]);
        self.ask_model(kind, &model, asked).await
    }

    async fn ask_model(&self, kind: &str, model: &Model, asked: &Conversation) -> (Told, Option<CallError>) {
        // Only what is late has to be waited for.
        let is_late = ["stall", "silent", "slow-first-2s"].iter().any(|late| model.upstream_name.contains(late));
        let deadlines = if is_late { SHORT } else { Deadlines::default() };
        ask(self.provider(kind), call(model, asked).with_deadlines(deadlines)).await
    }
}

/// The words that the simulator numbers.
fn last_words(text: &str, from: u64) -> bool {
    let words = (from..=60).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    text.trim_end().ends_with(&words)
}

fn with_tool() -> Conversation {
    Conversation { tools: vec![tool("files.read")], tool_choice: ToolChoice::Required, ..Conversation::prompt("Read") }
}

#[tokio::test]
async fn text_and_its_usage_are_those_of_the_whole_answer() {
    let stage = Stage::start().await;
    for (_, kind, name) in WIRES {
        let (model, asked) = (model(&format!("{name}+cached+written+tokens:60")), Conversation::prompt("Good morning"));
        let model = without(model, &[Capability::Reasoning]);
        let whole = stage.provider(kind).complete(call(&model, &asked)).await.unwrap();
        let (told, error) = stage.ask_model(kind, &model, &asked).await;
        assert_eq!(error, None, "{kind}");
        assert_eq!((told.text.as_str(), told.finish), (whole.text().as_str(), Some(whole.finish)), "{kind}");
        assert_eq!(told.usage, whole.usage, "{kind}");
        assert!(told.usage.is_some_and(|usage| usage.cache_read > Tokens(0)), "{kind}");
        assert_eq!(told.began.len(), 1, "{kind}");
        assert!(told.began[0].0.is_some() && told.began[0].1 == whole.upstream_model, "{kind} {:?}", told.began);
        assert!(told.originals.is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn calls_come_whole_under_the_callers_names() {
    let stage = Stage::start().await;
    for (_, kind, name) in WIRES {
        for fault in ["", "+fault:huge-event", "+fault:crlf", "+fault:repeated-finish"] {
            let (told, error) = stage.ask(kind, &format!("{name}{fault}"), &with_tool()).await;
            assert_eq!((error, told.finish), (None, Some(FinishReason::ToolCalls)), "{kind} {fault}");
            assert_eq!(told.calls.len(), 1, "{kind} {fault}");
            assert_eq!(told.calls[0].name, "files.read", "{kind} {fault}");
            serde_json::from_str::<Value>(&told.calls[0].arguments).unwrap();
        }
    }
}

#[tokio::test]
async fn what_the_standard_allows_changes_nothing() {
    let stage = Stage::start().await;
    let asked = Conversation::prompt("Good morning");
    for (_, kind, name) in WIRES {
        let named = |fault: &str| format!("{name}+tokens:60{fault}");
        let (plain, _) = stage.ask(kind, &named(""), &asked).await;
        assert!(last_words(&plain.text, 10), "{kind} {}", plain.text);
        for fault in [
            "no-terminator",
            "repeated-finish",
            "usage-before-finish",
            "crlf",
            "no-space",
            "unknown-events",
            "comments",
        ] {
            let (told, error) = stage.ask(kind, &named(&format!("+fault:{fault}")), &asked).await;
            assert_eq!((told.text.as_str(), error), (plain.text.as_str(), None), "{kind} {fault}");
            assert_eq!((told.finish, told.usage), (plain.finish, plain.usage), "{kind} {fault}");
        }
        let (told, error) = stage.ask(kind, &named("+fault:split-utf8"), &asked).await;
        assert_eq!((told.text, error), (format!("{} 日本語", plain.text), None), "{kind}");
        let (told, error) = stage.ask(kind, &named("+fault:huge-event"), &asked).await;
        assert_eq!((told.text.len(), error), (plain.text.len() + (2 << 20), None), "{kind}");
    }
}

#[tokio::test]
async fn what_is_cut_is_an_error_after_all_that_came() {
    let stage = Stage::start().await;
    let asked = Conversation::prompt("Good morning");
    for (_, kind, name) in WIRES {
        for (fault, expected) in [
            ("cut-after-40", ErrorKind::Malformed),
            ("end-after-40", ErrorKind::Malformed),
            ("malformed-after-40", ErrorKind::Malformed),
            ("stall-after-40", ErrorKind::Timeout(Phase::Idle)),
        ] {
            let (told, error) = stage.ask(kind, &format!("{name}+tokens:60+fault:{fault}"), &asked).await;
            let error = error.unwrap();
            assert_eq!((error.kind, told.finish), (expected, None), "{kind} {fault} {error}");
            assert!(told.text.trim_end().ends_with(" 39 40"), "{kind} {fault} {}", told.text);
            assert_ne!(error.spent, Spent::Nothing, "{kind} {fault}");
        }
        let (told, error) = stage.ask(kind, &format!("{name}+fault:tool-cut"), &with_tool()).await;
        assert_eq!((error.unwrap().kind, told.calls.len()), (ErrorKind::Malformed, 1), "{kind}");
        let (told, error) = stage.ask(kind, &format!("{name}+fault:tool-length"), &with_tool()).await;
        assert_eq!((error, told.finish), (None, Some(FinishReason::Length)), "{kind}");
        serde_json::from_str::<Value>(&told.calls[0].arguments).unwrap_err();
    }
}

#[tokio::test]
async fn errors_are_told_from_answers_wherever_they_come() {
    let stage = Stage::start().await;
    let asked = Conversation::prompt("Good morning");
    for (_, kind, name) in WIRES {
        for (fault, words) in [("error-first", None), ("error-after-20", Some(" 19 20")), ("error-in-200", None)] {
            let (told, error) = stage.ask(kind, &format!("{name}+tokens:60+fault:{fault}"), &asked).await;
            let error = error.unwrap();
            assert!(!matches!(error.kind, ErrorKind::Malformed | ErrorKind::Timeout(_)), "{kind} {fault} {error:?}");
            assert_eq!((error.status, told.finish), (Some(200), None), "{kind} {fault}");
            match words {
                Some(words) => assert!(told.text.trim_end().ends_with(words), "{kind} {fault} {}", told.text),
                None => assert!(told.text.is_empty() && told.began.is_empty(), "{kind} {fault} {told:?}"),
            }
        }
        for (fault, expected) in [
            ("429", ErrorKind::RateLimited),
            ("500", ErrorKind::ServerError),
            ("401", ErrorKind::Auth),
            ("context", ErrorKind::ContextTooLong),
            ("reset", ErrorKind::Connection),
            ("cut-body", ErrorKind::Malformed),
            ("garbage", ErrorKind::Malformed),
            ("html", ErrorKind::Malformed),
            ("silent", ErrorKind::Timeout(Phase::FirstEvent)),
            ("slow-first-2s", ErrorKind::Timeout(Phase::FirstEvent)),
        ] {
            let (_, error) = stage.ask(kind, &format!("{name}+fault:{fault}"), &asked).await;
            assert_eq!(error.unwrap().kind, expected, "{kind} {fault}");
        }
        let (told, error) = stage.ask(kind, &format!("{name}+fault:slow-first-300ms"), &asked).await;
        assert_eq!((told.finish, error), (Some(FinishReason::Stop), None), "{kind}");
    }
}

#[tokio::test]
async fn a_refusal_streams_as_one() {
    let stage = Stage::start().await;
    for (_, kind, name) in WIRES {
        let asked = Conversation::prompt("Good morning");
        let model = without(model(&format!("{name}+fault:refusal")), &[Capability::Reasoning]);
        let whole = stage.provider(kind).complete(call(&model, &asked)).await.unwrap();
        let (told, error) = stage.ask_model(kind, &model, &asked).await;
        assert_eq!((error, told.finish), (None, Some(whole.finish)), "{kind}");
        let refusal: String = whole
            .parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::Refusal(words) => Some(words.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(told.refusal, refusal, "{kind}");
    }
}

#[tokio::test]
async fn an_answer_that_begins_again_is_none() {
    let stage = Stage::start().await;
    let asked = Conversation::prompt("Good morning");
    let name = "claude-haiku-4-5+tokens:60+fault:two-message-starts";
    let (told, error) = stage.ask("anthropic", name, &asked).await;
    assert_eq!((error.unwrap().kind, told.finish), (ErrorKind::Malformed, None));
    assert_eq!(told.began.len(), 1);
}

#[tokio::test]
async fn a_reader_that_leaves_closes_the_connection() {
    let stage = Stage::start().await;
    for (_, kind, name) in WIRES {
        stage.simulator.reset();
        let (model, asked) = (model(&format!("{name}+tokens:60+pace:200ms")), Conversation::prompt("Good morning"));
        let model = without(model, &[Capability::Reasoning]);
        let provider = stage.provider(kind);
        let stream = provider.stream(call(&model, &asked)).await.unwrap();
        let left = Instant::now();
        drop(stream);
        while stage.simulator.attempts()[0].outcome != Outcome::CallerLeft {
            assert!(left.elapsed() < Duration::from_secs(5), "{kind} {:?}", stage.simulator.attempts());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What a good answer costs is known also where its stream was not good.
#[tokio::test]
async fn what_was_spent_is_what_the_stream_said() {
    let stage = Stage::start().await;
    let asked = Conversation::prompt("Good morning");
    let known = |error: CallError| match error.spent {
        Spent::Known(usage) => Some(usage),
        _ => None,
    };
    let (_, error) = stage.ask("anthropic", "claude-haiku-4-5+fault:cut-after-5", &asked).await;
    assert!(known(error.unwrap()).is_some_and(|Usage { input, .. }| input > Tokens(0)));
    let (_, error) = stage.ask("openai", "gpt-4o+fault:cut-after-5", &asked).await;
    assert_eq!(error.unwrap().spent, Spent::Unknown);
}
