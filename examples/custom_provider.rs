//! A provider of your own, in one file: `cargo run -p router-examples --example custom_provider`.
//!
//! It answers from this process, so that the example needs no network; a real one would ask somebody. The engine does not
//! know the difference: it decides, asks, prices and records as with any other.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::memory_response::MemoryResponseCache;
use router_core::classify::rules::RuleClassifier;
use router_core::conversation::{Conversation, Message, Part, Role};
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::id::{ProviderId, RequestId};
use router_core::principal::Principal;
use router_core::quality::QualityTable;
use router_core::registry::{Registry, SourceFile};
use router_core::usage::{Tokens, Usage, UsageSource};
use router_engine::ask::Ask;
use router_engine::clock::SystemClock;
use router_engine::engine::{Engine, Parts};
use router_engine::settings::EngineSettings;
use router_engine::snapshot::Snapshot;
use router_providers::answer::{Answer, CallError};
use router_providers::call::Call;
use router_providers::provider::Provider;
use router_store::recorder::NoRecorder;

/// The catalogue: what the router knows of the model, and under which name its provider is found.
const CATALOGUE: SourceFile<'_> = SourceFile {
    name: "models.toml",
    text: r#"
        [[models]]
        id = "shouter"
        provider = "here"
        contextTokens = 1000
        price = { input = 0.1, output = 0.2 }
    "#,
};

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
            changed: Vec::new(),
            original: None,
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let engine = engine()?;
    let mut out = std::io::stdout();

    let routed = engine.route(ask(Conversation::prompt("good morning, everyone")), &Principal::local()).await?;
    let cost = routed.cost.usd().map_or_else(|| "of unknown price".to_owned(), |usd| usd.to_string());
    writeln!(out, "{} answered for {cost}: {}", routed.reply.model_id, routed.reply.text())?;

    let nothing = Conversation { messages: vec![Message::text(Role::User, "")], ..Conversation::default() };
    if let Err(error) = engine.route(ask(nothing), &Principal::local()).await {
        writeln!(out, "without text: {error}")?;
    }
    Ok(())
}

fn engine() -> anyhow::Result<Engine> {
    let registry = Registry::parse(&[CATALOGUE])?;
    // The one line that hands the provider over, under the name that the catalogue calls it by.
    let providers: HashMap<ProviderId, Arc<dyn Provider>> = HashMap::from([("here".into(), Arc::new(Shouter) as _)]);
    Ok(Engine::new(Parts {
        snapshot: Snapshot {
            quality: QualityTable::from_priors(&registry),
            registry,
            classifier: Arc::new(RuleClassifier),
            providers,
            provider_variables: Vec::new(),
            simulated: false,
            settings: EngineSettings::default(),
        },
        quotas: Arc::new(MemoryQuotas::new(10_000)),
        cache: Arc::new(MemoryResponseCache::new(64 << 20, Duration::from_secs(3600))),
        recorder: Arc::new(NoRecorder),
        clock: Arc::new(SystemClock::start()),
    }))
}

fn ask(conversation: Conversation) -> Ask {
    Ask::new(RequestId(uuid::Uuid::now_v7()), conversation)
}
