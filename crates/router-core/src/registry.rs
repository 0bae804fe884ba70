//! The models the router knows.

use std::collections::HashMap;
use std::sync::Arc;

use crate::id::ModelId;
use crate::model::Model;

/// The models the router knows, in the order of the catalogue. Immutable: a reload makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    models: Vec<Arc<Model>>,
    by_id: HashMap<ModelId, usize>,
}

impl Registry {
    /// From models that are known to be consistent with each other; of two with the same id the first stays.
    #[must_use]
    pub fn new(models: impl IntoIterator<Item = Model>) -> Self {
        let mut registry = Self::default();
        for model in models {
            if !registry.by_id.contains_key(&model.id) {
                registry.by_id.insert(model.id.clone(), registry.models.len());
                registry.models.push(Arc::new(model));
            }
        }
        registry
    }

    /// All of them, active or not.
    #[must_use]
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// Where the model with that id stands in [`Registry::models`].
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The model with that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Model>> {
        self.position(id).and_then(|position| self.models.get(position))
    }
}
