//! Who is asking.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::grants::Grants;
use crate::id::{KeyId, TenantId, UserId};
use crate::model::Model;

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
    /// The user that the key belongs to or the session is of, where there is one.
    pub user: Option<UserId>,
    /// What they may do.
    pub role: Role,
    /// What they are allowed. Shared by all requests with the same credentials.
    pub grants: Arc<Grants>,
}

impl Principal {
    /// The caller on an unauthenticated loopback listener: the one user of a one-machine installation.
    #[must_use]
    pub fn local() -> Self {
        Self { tenant: TenantId::from("local"), key: None, user: None, role: Role::Admin, grants: Arc::default() }
    }

    /// Whether this caller may use `model`.
    #[must_use]
    pub fn may_use(&self, model: &Model) -> bool {
        self.grants.allow(model)
    }
}
