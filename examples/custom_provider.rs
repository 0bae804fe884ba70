//! A provider of your own, in one file: `cargo run -p router-examples --example custom_provider`.
//!
//! It answers from this process, so that the example needs no network; a real one would ask somebody.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use async_trait::async_trait;
use router_core::capability::Capabilities;
use router_core::conversation::{Conversation, Part};
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::id::RequestId;
use router_core::model::{Model, SpeedPrior};
use router_core::prompt_type::PerType;
use router_core::usage::{Tokens, Usage, UsageSource};
use router_providers::answer::{Answer, CallError};
use router_providers::call::Call;
use router_providers::provider::Provider;

/// Says what it was told, in capitals.
struct Shouter;

#[async_trait]
impl Provider for Shouter {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let heard: String = call.conversation.last_user_text().collect();
        if heard.is_empty() {
            // The kind decides what the router does next: here it asks another model.
            return Err(CallError::new(ErrorKind::Unsupported, "messages: the shouter hears only text"));
        }
        let said = heard.to_uppercase();
        let usage = Usage {
            input: Tokens(heard.split_whitespace().count() as u64),
            output: Tokens(said.split_whitespace().count() as u64),
            source: UsageSource::Reported,
            ..Usage::default()
        };
        Ok(Answer {
            parts: vec![Part::text(said)],
            finish: FinishReason::Stop,
            usage: Some(usage),
            upstream_id: None,
            upstream_model: Some(call.model.upstream_name.clone()),
            dropped: Vec::new(),
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The one line that hands it over: wherever a provider is wanted, this is one.
    let provider: &dyn Provider = &Shouter;

    let model = shouting_model();
    let conversation = Conversation::prompt("good morning, everyone");
    let request_id: RequestId = "01938a5e-7c00-7000-8000-000000000001".parse()?;
    let answer = provider.complete(Call::new(request_id, &model, &conversation)).await?;
    println!("{} answered: {}", model.id, answer.text());
    println!("usage: {:?}", answer.usage);

    let nothing = Conversation::default();
    if let Err(error) = provider.complete(Call::new(request_id, &model, &nothing)).await {
        println!("without text: {error}");
    }
    Ok(())
}

/// In the router it would come from the catalogue.
fn shouting_model() -> Model {
    Model {
        id: "shouter".into(),
        name: "Shouter".into(),
        provider: "here".into(),
        upstream_name: "shouter-1".into(),
        description: "Says what it was told, louder".into(),
        same_as: None,
        price: None,
        context_tokens: Tokens(1_000),
        max_output_tokens: Tokens(1_000),
        speed: SpeedPrior { first_token_seconds: 0.001, tokens_per_second: 1e6 },
        quality: PerType::default(),
        quality_source: "none".into(),
        capabilities: Capabilities::default(),
        is_active: true,
        priority: 0,
        failover_order: Vec::new(),
        shutdown_date: None,
    }
}
