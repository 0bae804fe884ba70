//! Models that refuse what their catalogue says they take: over a real socket, from a provider that refuses as the real ones do.

use router_core::conversation::{Conversation, Message, Role, Sampling, ToolChoice};
use router_core::error_kind::ErrorKind;
use router_core::usage::Tokens;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Simulator, SimulatorConfig, Wire};
use std::sync::Arc;

use crate::given::{call, model, tool};
use crate::streamed;

async fn provider(kind: &str, wire: Wire) -> (Simulator, Arc<dyn Provider>) {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let config = InstanceConfig::new("test").with_base_url(simulator.base_url(wire)).with_api_key("sk-simulated");
    let provider = (kinds::find(kind).unwrap().build)(&config).unwrap();
    (simulator, provider)
}

fn sampled() -> Conversation {
    let sampling = Sampling { temperature: Some(0.5), ..Sampling::default() };
    Conversation { sampling, max_output: Some(Tokens(50)), ..Conversation::prompt("Hello") }
}

#[tokio::test]
async fn a_refused_parameter_is_left_out_and_not_sent_again() {
    for (kind, wire, name) in [("openai", Wire::OpenAi, "gpt-5-mini"), ("anthropic", Wire::Anthropic, "claude-opus-5")]
    {
        let (simulator, provider) = provider(kind, wire).await;
        // By its catalogue it takes everything.
        let (model, asked) = (model(name), sampled());
        let answer = provider.complete(call(&model, &asked)).await.unwrap();
        assert_eq!(answer.dropped, ["temperature"], "{name}");
        assert_eq!(simulator.attempts().len(), 2, "{name}");
        let (told, error) = streamed::ask(provider.as_ref(), call(&model, &asked)).await;
        assert!(error.is_none() && !told.text.is_empty(), "{name}: {error:?}");
        assert_eq!(simulator.attempts().len(), 3, "{name}: it is remembered");
        // Another model of the same provider is another matter.
        let other = self::model(if kind == "openai" { "gpt-4o" } else { "claude-haiku-4-5" });
        assert_eq!(provider.complete(call(&other, &asked)).await.unwrap().dropped, [""; 0]);
    }
}

#[tokio::test]
async fn a_limit_goes_by_the_name_that_the_server_wants() {
    // A server that imitates OpenAI, and a model that nobody would know to want the newer name there.
    let (simulator, provider) = provider("openai_compatible", Wire::OpenAi).await;
    let asked = Conversation { max_output: Some(Tokens(5)), ..Conversation::prompt("Hello") };
    let model = model("o3");
    for attempts in [2, 3] {
        let answer = provider.complete(call(&model, &asked)).await.unwrap();
        assert_eq!(answer.dropped, [""; 0]);
        assert!(answer.usage.unwrap().output <= Tokens(5), "the limit is sent");
        assert_eq!(simulator.attempts().len(), attempts);
    }
}

#[tokio::test]
async fn what_was_asked_for_and_is_refused_is_somebody_elses_to_answer() {
    let (simulator, provider) = provider("anthropic", Wire::Anthropic).await;
    let model = model("claude-opus-5-5");
    let forced =
        Conversation { tools: vec![tool("look")], tool_choice: ToolChoice::Required, ..Conversation::prompt("Hello") };
    let mut prefilled = Conversation::prompt("Hello");
    prefilled.messages.push(Message::text(Role::Assistant, "Well"));
    for (asked, capability, attempts) in [(forced, "forced_tools", 1), (prefilled, "prefill", 2)] {
        for _ in 0..2 {
            let error = provider.complete(call(&model, &asked)).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
            assert!(error.message.contains(capability), "{error}");
            assert_eq!(simulator.attempts().len(), attempts, "{capability} is not sent again");
        }
    }
}
