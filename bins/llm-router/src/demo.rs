//! The demonstration: the three providers, simulated on a socket of this machine, spoken to in their own wire formats.

use anyhow::Context;
use router_providers::setup::InstanceConfig;
use router_sim::{Simulator, SimulatorConfig, Wire};

/// What the simulated providers take for a key. Not a secret: they answer to anything.
const KEY: &str = "sk-simulated";

/// Simulated providers; they stop when this is dropped.
pub struct Demo {
    simulator: Simulator,
}

impl Demo {
    /// Starts them.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let simulator = Simulator::start(SimulatorConfig::demo()).await;
        Ok(Self { simulator: simulator.context("the simulated providers cannot start")? })
    }

    /// How each of them is reached: its kind, and its configuration.
    #[must_use]
    pub fn instances(&self) -> [(&'static str, InstanceConfig); 3] {
        [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("openrouter", Wire::OpenRouter)].map(
            |(name, wire)| {
                let instance = InstanceConfig::new(name).with_base_url(self.simulator.base_url(wire));
                (name, instance.with_api_key(KEY.to_owned()))
            },
        )
    }
}
