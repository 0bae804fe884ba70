//! The whole pipeline in a program of your own, without HTTP: a simulated provider breaks, and another model answers.
//!
//! Run: `cargo run -p router-examples --example embed_engine`

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::memory_response::MemoryResponseCache;
use router_core::classify::rules::RuleClassifier;
use router_core::conversation::Conversation;
use router_core::id::{ProviderId, RequestId};
use router_core::preferences::Preferences;
use router_core::principal::Principal;
use router_core::quality::QualityTable;
use router_core::registry::Registry;
use router_engine::ask::Ask;
use router_engine::clock::SystemClock;
use router_engine::engine::{Engine, Parts};
use router_engine::settings::EngineSettings;
use router_engine::snapshot::Snapshot;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Fault, FaultKind, Simulator, SimulatorConfig, Wire};
use router_store::recorder::NoRecorder;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let simulator = Simulator::start(SimulatorConfig::default()).await?;
    let engine = engine(&simulator)?;
    let conversation = Conversation::prompt("Write a limerick about a router that never lies.");
    let preferences = Preferences::default();

    let mut out = std::io::stdout();
    let decision = engine.decide(&conversation, &preferences, &Principal::local())?;
    writeln!(out, "decision: {}", decision.summary())?;

    let first = decision.choice().context("no model can answer")?;
    writeln!(out, "now {} breaks", first.model.id)?;
    simulator.set_fault(&first.model.upstream_name, Some(Fault::always(FaultKind::ServerError)));

    let ask = Ask { preferences, ..Ask::new(RequestId(uuid::Uuid::now_v7()), conversation) };
    let routed = engine.route(ask, &Principal::local()).await?;
    for attempt in &routed.attempts {
        writeln!(out, "  asked {}: {:?}", attempt.model_id, attempt.outcome)?;
    }
    let cost = routed.cost.usd().map_or_else(|| "of unknown price".to_owned(), |usd| usd.to_string());
    writeln!(out, "{} answered for {cost}: {}", routed.reply.model_id, routed.reply.text())?;
    Ok(())
}

fn engine(simulator: &Simulator) -> anyhow::Result<Engine> {
    let registry = Registry::shipped();
    Ok(Engine::new(Parts {
        snapshot: Snapshot {
            quality: QualityTable::from_priors(&registry),
            registry,
            classifier: Arc::new(RuleClassifier),
            providers: providers(simulator)?,
            provider_variables: vec!["OPENAI_API_KEY".into()],
            simulated: true,
            settings: EngineSettings::default(),
        },
        quotas: Arc::new(MemoryQuotas::new(10_000)),
        cache: Arc::new(MemoryResponseCache::new(64 << 20, Duration::from_secs(3600))),
        recorder: Arc::new(NoRecorder),
        clock: Arc::new(SystemClock::start()),
    }))
}

/// Real ones differ in nothing but address and key.
fn providers(simulator: &Simulator) -> anyhow::Result<HashMap<ProviderId, Arc<dyn Provider>>> {
    let mut providers = HashMap::new();
    for (kind, wire) in [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("openrouter", Wire::OpenRouter)] {
        let instance = InstanceConfig::new(kind).with_base_url(simulator.base_url(wire));
        let instance = instance.with_api_key("sk-anything".to_owned());
        let build = kinds::find(kind).context("no such kind of provider")?.build;
        providers.insert(instance.id.clone(), build(&instance)?);
    }
    Ok(providers)
}
