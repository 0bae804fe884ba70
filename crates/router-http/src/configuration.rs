//! What administrators see and change of the configuration. Whoever starts the server knows it; here it is only spoken of.

use async_trait::async_trait;
use router_store::error::StoreError;
use router_store::overrides::Override;
use serde_json::Value;

/// A value in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The key's path in the file: `routing.cost_weight`.
    pub path: String,
    /// The value, as the file would have it; of a secret only whether it is set.
    pub value: Value,
    /// Where it comes from, in words.
    pub origin: String,
    /// Whether an administrator can change it while the server runs.
    pub is_changeable: bool,
}

/// The path under which a change of a model is kept: `models.gpt-4o.priority`.
#[must_use]
pub fn model_path(model: &str, field: &str) -> String {
    format!("models.{model}.{field}")
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A value is not what it must be. Whoever wrote it can act.
    #[error("`{path}`: {problem}")]
    Invalid {
        /// Which.
        path: String,
        /// What it must be.
        problem: String,
    },
    /// The database did not take it. The operator can act.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The configuration of a running server.
#[async_trait]
pub trait Configuration: Send + Sync {
    /// Every value in force.
    async fn settings(&self) -> Vec<Setting>;

    /// What administrators changed, as it is in force here: values, and models as [`model_path`] names them.
    async fn overrides(&self) -> Vec<Override>;

    /// Changes values, all of them or none; `None` gives the word back to the file. In force here when it returns, in other
    /// replicas within two seconds, and written down as a change of `actor`.
    ///
    /// # Errors
    /// A value is not what it must be, or the database did not take it.
    async fn change(&self, actor: &str, changes: Vec<(String, Option<Value>)>) -> Result<(), ChangeError>;
}
