//! How the models behave, measured on the traffic that passes through: one entry per model of the registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use router_core::id::ModelId;
use router_core::live::{LiveFigures, LiveSummary, ModelStatistics, Observation};
use router_core::moment::Moment;
use router_core::registry::Registry;

/// Live statistics by the position of the model in a registry. A reload makes a new board that shares the entries of models that stay.
#[derive(Debug, Default)]
pub(crate) struct LiveBoard {
    models: Vec<Arc<Mutex<ModelStatistics>>>,
    by_id: HashMap<ModelId, usize>,
}

impl LiveBoard {
    /// The board for `registry`, keeping what `before` has seen.
    pub(crate) fn for_registry(registry: &Registry, before: &Self) -> Self {
        let mut board = Self::default();
        for (position, model) in registry.models().iter().enumerate() {
            let kept = before.by_id.get(&model.id).and_then(|&old| before.models.get(old)).cloned();
            board.models.push(kept.unwrap_or_default());
            board.by_id.insert(model.id.clone(), position);
        }
        board
    }

    pub(crate) fn observe(&self, position: usize, now: Moment, observation: Observation) {
        if let Some(model) = self.models.get(position) {
            model.lock().unwrap_or_else(PoisonError::into_inner).observe(now, observation);
        }
    }

    /// What a decision wants to know, for all models in registry order.
    pub(crate) fn figures(&self, now: Moment) -> Vec<LiveFigures> {
        self.models.iter().map(|model| model.lock().unwrap_or_else(PoisonError::into_inner).figures(now)).collect()
    }

    /// What a person wants to know of one model.
    pub(crate) fn summary(&self, id: &ModelId, now: Moment) -> Option<LiveSummary> {
        let model = self.models.get(*self.by_id.get(id)?)?;
        Some(model.lock().unwrap_or_else(PoisonError::into_inner).summary(now))
    }
}
