//! What administrators changed of the configuration without touching its file.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::audit::AdminAction;
use crate::error::StoreError;

/// One value that takes the place of the file's.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Which: the key's path, `routing.cost_weight`, or `models.gpt-4o.priority`.
    pub path: String,
    /// The value.
    pub value: serde_json::Value,
    /// Who set it, as in [`AdminAction::actor`](crate::audit::AdminAction::actor).
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps overrides.
#[async_trait]
pub trait OverrideStore: Send + Sync {
    /// Sets values, in place of earlier ones, gives the word back to the file where `unset` names a path, and writes down who did
    /// so: all of it or nothing.
    ///
    /// # Errors
    /// The database did not take it.
    async fn change(&self, set: &[Override], unset: &[String], actions: &[AdminAction]) -> Result<(), StoreError>;

    /// All of them, by path.
    ///
    /// # Errors
    /// The database did not answer, or a value is unreadable.
    async fn overrides(&self) -> Result<Vec<Override>, StoreError>;
}
