//! What administrators changed of the configuration without touching its file.

use async_trait::async_trait;
use jiff::Timestamp;

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
    /// Sets a value, in place of an earlier one.
    ///
    /// # Errors
    /// The database did not take it.
    async fn set(&self, change: &Override) -> Result<(), StoreError>;

    /// Gives the word back to the file. Returns whether there was anything to take away.
    ///
    /// # Errors
    /// The database did not take it.
    async fn unset(&self, path: &str) -> Result<bool, StoreError>;

    /// All of them, by path.
    ///
    /// # Errors
    /// The database did not answer, or a value is unreadable.
    async fn overrides(&self) -> Result<Vec<Override>, StoreError>;
}
