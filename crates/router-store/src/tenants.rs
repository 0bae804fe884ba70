//! Tenants: who is billed, and what all their users and keys together are granted.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::grants::{Budget, KeepText, Limits};
use router_core::id::TenantId;

use crate::audit::AdminAction;
use crate::error::StoreError;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// How often all its keys together may ask.
    pub limits: Limits,
    /// How much money they may spend together; at most one for each period.
    pub budgets: Vec<Budget>,
    /// What is kept of its texts; `None` leaves it to the operator's general setting.
    pub keep_text: Option<KeepText>,
    /// Since when.
    pub created_at: Timestamp,
    /// From then on all its users and keys are refused.
    pub disabled_at: Option<Timestamp>,
}

/// Keeps tenants.
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Writes a new tenant, or replaces the one with its id, and writes down who did so: both or neither.
    ///
    /// # Errors
    /// The database did not take it.
    async fn put_tenant(&self, tenant: &Tenant, action: &AdminAction) -> Result<(), StoreError>;

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// The database did not answer, or a tenant is unreadable.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;
}
