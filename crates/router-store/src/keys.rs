//! API keys: who may call, and what they are granted.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::grants::{Budget, KeepText, Limits};
use router_core::id::{KeyId, ModelId, ProviderId, TenantId, UserId};
use router_core::principal::Role;

use crate::audit::AdminAction;
use crate::error::StoreError;

/// An API key, as it is kept: what authenticates is a digest, so that whoever reads the database cannot call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The public part.
    pub id: KeyId,
    /// The secret part's digest under the operator's own secret.
    pub digest: [u8; 32],
    /// Who is billed.
    pub tenant: TenantId,
    /// Whose it is, where it belongs to a person.
    pub user: Option<UserId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The models it may use; `None` means all.
    pub allowed_models: Option<Vec<ModelId>>,
    /// The providers its prompts may be sent to; `None` means all.
    pub allowed_providers: Option<Vec<ProviderId>>,
    /// How often.
    pub limits: Limits,
    /// How much money; at most one for each period.
    pub budgets: Vec<Budget>,
    /// What is kept of its texts; `None` leaves it to its tenant.
    pub keep_text: Option<KeepText>,
    /// Labels.
    pub tags: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// From then on it is refused: at once, or at the end of a rotation's overlap.
    pub revoked_at: Option<Timestamp>,
}

/// Keeps API keys. Nothing is ever deleted: records name keys that are long revoked.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Writes a new key, or replaces the one with its id, and writes down who did so: both or neither.
    ///
    /// # Errors
    /// The database did not take it; [`StoreError::Refused`] where its tenant or user does not exist.
    async fn put_key(&self, key: &ApiKey, action: &AdminAction) -> Result<(), StoreError>;

    /// All keys, of all tenants, revoked ones too, oldest first.
    ///
    /// # Errors
    /// The database did not answer, or a key is unreadable.
    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError>;
}
