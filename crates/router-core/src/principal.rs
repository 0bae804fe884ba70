//! Who is asking.

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, ModelId, TenantId};

/// What a principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// Everything, in every tenant.
    Admin,
    /// Reads records and figures.
    Analyst,
    /// Sends prompts and feedback.
    Caller,
    /// The router itself: judges and shadow traffic, limited and metered like anyone.
    System,
}

/// An authenticated caller: what every stage of the pipeline needs to know of them.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who is billed.
    pub tenant: TenantId,
    /// The key that was presented; none for a session or an unauthenticated local caller.
    pub key: Option<KeyId>,
    /// What they may do.
    pub role: Role,
    /// The models they may use; `None` means all.
    pub allowed_models: Option<Vec<ModelId>>,
}

impl Principal {
    /// The caller on an unauthenticated loopback listener: the one user of a one-machine installation.
    #[must_use]
    pub fn local() -> Self {
        Self { tenant: TenantId::from("local"), key: None, role: Role::Admin, allowed_models: None }
    }

    /// Whether this caller may use `model`.
    #[must_use]
    pub fn may_use(&self, model: &ModelId) -> bool {
        self.allowed_models.as_ref().is_none_or(|allowed| allowed.contains(model))
    }
}
