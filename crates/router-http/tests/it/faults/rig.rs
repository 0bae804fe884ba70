//! A server with two models of its own: one that is faulty, and one that is asked when it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use router_core::id::ProviderId;
use router_core::registry::{Registry, SourceFile};
use router_engine::settings::EngineSettings;
use router_http::settings::Settings;
use router_providers::call::Deadlines;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{SeenAttempt, Simulator, SimulatorConfig, Wire};
use tokio::sync::Mutex;

use super::caller::{self, Got, Surface};
use crate::doubles::DeadStore;
use crate::stage::{Backing, Stage, engine_settings};

/// How long a model may be silent: short, so that tests are, and longer than a busy machine is.
pub(super) const SILENCE: Duration = Duration::from_millis(900);

/// Held by tests that look at when things happen: one after the other, they do not make each other late.
pub(super) static ALONE: Mutex<()> = Mutex::const_new(());

/// The simulated providers, and the adapters that speak to them.
pub(super) struct Providers {
    pub(super) simulator: Simulator,
    adapters: HashMap<ProviderId, Arc<dyn Provider>>,
}

impl Providers {
    pub(super) async fn start() -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let adapter = |wire: Wire| {
            let kind = provider(wire);
            let instance =
                InstanceConfig::new(kind).with_base_url(simulator.base_url(wire)).with_api_key("sk-test".to_owned());
            (kinds::find(kind).unwrap().build)(&instance).unwrap()
        };
        // Each wire has two instances: the spare of a model is never at the provider that fails.
        let adapters = Wire::ALL
            .into_iter()
            .flat_map(|wire| [provider(wire).to_owned(), format!("spare-{}", provider(wire))].map(|id| (id, wire)))
            .map(|(id, wire)| (ProviderId::from(id), adapter(wire)))
            .collect();
        Self { simulator, adapters }
    }
}

const fn provider(wire: Wire) -> &'static str {
    match wire {
        Wire::OpenAi => "openai",
        Wire::Anthropic => "anthropic",
        Wire::OpenRouter => "openrouter",
    }
}

/// A name that its wire takes, and that no other server of the test asks for.
pub(super) fn plain_name(wire: Wire, number: usize) -> String {
    match wire {
        Wire::OpenAi => format!("gpt-4o-n{number}"),
        Wire::Anthropic => format!("claude-haiku-4-5-n{number}"),
        Wire::OpenRouter => format!("anthropic/claude-haiku-4.5-n{number}"),
    }
}

/// A model of the server: its wire, and its name there.
#[derive(Debug, Clone)]
pub(super) struct Upstream {
    pub(super) wire: Wire,
    pub(super) name: String,
    /// Whether the catalogue says that it continues what another began.
    pub(super) prefill: bool,
}

/// A server whose only models are `primary` and `fallback`.
pub(super) struct Rig {
    stage: Stage,
    primary: String,
    fallback: String,
}

/// Short waits, no other difference to what is shipped.
pub(super) fn settings() -> EngineSettings {
    let deadlines = Deadlines { first_event: SILENCE, idle: SILENCE, total: SILENCE };
    let mut settings = EngineSettings { deadlines, reasoning_deadlines: deadlines, ..engine_settings() };
    settings.failover.retry_delay = Duration::from_millis(20);
    settings
}

impl Rig {
    pub(super) async fn start(
        providers: &Providers,
        settings: EngineSettings,
        primary: Upstream,
        fallback: Upstream,
    ) -> Self {
        let catalogue = entry("primary", &primary, "", 100_000) + &entry("fallback", &fallback, "spare-", 1_000_000);
        let registry = Registry::parse(&[SourceFile { name: "faults.toml", text: &catalogue }]).unwrap();
        let dead = Arc::new(DeadStore);
        let back = async |_: &_, _| Backing {
            requests: dead.clone(),
            feedback: dead.clone(),
            scores: dead.clone(),
            statistics: dead.clone(),
            spending: dead.clone(),
            runs: dead.clone(),
            health: dead.clone(),
        };
        let stage = Stage::with_models(registry, Settings::default(), settings, providers.adapters.clone(), back).await;
        Self { stage, primary: primary.name, fallback: fallback.name }
    }

    pub(super) async fn ask(&self, surface: Surface) -> Got {
        caller::ask(&self.stage.address.to_string(), surface, "primary", false).await
    }

    pub(super) async fn ask_for_call(&self, surface: Surface) -> Got {
        caller::ask(&self.stage.address.to_string(), surface, "primary", true).await
    }

    /// How often each model was asked: the primary, and the fallback.
    pub(super) fn seen(&self, providers: &Providers) -> (Vec<SeenAttempt>, Vec<SeenAttempt>) {
        let seen = providers.simulator.attempts();
        let of = |name: &str| seen.iter().filter(|attempt| attempt.model == name).cloned().collect();
        (of(&self.primary), of(&self.fallback))
    }
}

fn entry(id: &str, upstream: &Upstream, prefix: &str, context: u32) -> String {
    let provider = format!("{prefix}{}", provider(upstream.wire));
    let name = &upstream.name;
    let prefill = if upstream.prefill { ", \"prefill\"" } else { "" };
    format!(
        r#"
[[models]]
id = "{id}"
provider = "{provider}"
upstreamName = "{name}"
price = {{ input = 2.0, output = 10.0, source = "test" }}
contextTokens = {context}
maxOutputTokens = 4_000
quality = 0.5
supportedPromptTypes = ["summarization", "code_generation", "translation", "question_answering", "creative_writing", "analysis", "general"]
capabilities = ["tools", "sampling_parameters"{prefill}]
"#
    )
}
