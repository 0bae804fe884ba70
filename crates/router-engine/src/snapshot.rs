//! Everything that a reload replaces, as one immutable value: a request sees either the old or the new configuration, never a mixture.

use std::collections::HashMap;
use std::sync::Arc;

use router_core::classify::Classifier;
use router_core::id::ProviderId;
use router_core::quality::QualityTable;
use router_core::registry::Registry;
use router_providers::provider::Provider;

use crate::settings::EngineSettings;

/// The configuration that requests run under.
pub struct Snapshot {
    /// The models.
    pub registry: Registry,
    /// What is expected of them, by their position in the registry.
    pub quality: QualityTable,
    /// Tells the type and difficulty of prompts.
    pub classifier: Arc<dyn Classifier>,
    /// Who can be asked.
    pub providers: HashMap<ProviderId, Arc<dyn Provider>>,
    /// Environment variables, any of which would configure a provider: what an operator without one is told.
    pub provider_variables: Vec<String>,
    /// All providers are simulated: every answer is marked so.
    pub simulated: bool,
    /// What the operator decided.
    pub settings: EngineSettings,
}

impl Snapshot {
    /// Who can be asked under that name.
    #[must_use]
    pub fn provider(&self, id: &ProviderId) -> Option<&Arc<dyn Provider>> {
        self.providers.get(id)
    }
}
