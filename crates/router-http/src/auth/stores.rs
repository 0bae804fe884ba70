//! Where identities are kept.

use std::sync::Arc;

use jiff::Timestamp;
use router_core::id::RequestId;
use router_store::audit::{AdminAction, AuditLog};
use router_store::keys::KeyStore;
use router_store::revision::Revision;
use router_store::sessions::RevocationStore;
use router_store::tenants::TenantStore;
use router_store::users::UserStore;
use uuid::Uuid;

/// Where tenants, users, keys and revocations are kept, and who changed them.
#[derive(Clone)]
pub struct IdentityStores {
    /// Tenants.
    pub tenants: Arc<dyn TenantStore>,
    /// Users.
    pub users: Arc<dyn UserStore>,
    /// API keys.
    pub keys: Arc<dyn KeyStore>,
    /// Sessions and tokens that were ended.
    pub revocations: Arc<dyn RevocationStore>,
    /// Whether any of these has changed.
    pub revision: Arc<dyn Revision>,
    /// Who changed what.
    pub audit: Arc<dyn AuditLog>,
}

impl IdentityStores {
    /// All of it in one database.
    #[must_use]
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: TenantStore + UserStore + KeyStore + RevocationStore + Revision + AuditLog + 'static,
    {
        Self {
            tenants: Arc::clone(&store) as _,
            users: Arc::clone(&store) as _,
            keys: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            revision: Arc::clone(&store) as _,
            audit: store,
        }
    }
}

/// A change that is made now, as it is written down. `before` and `after` hold no secrets.
#[must_use]
pub fn action_of(
    actor: &str,
    action: &str,
    subject: String,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> AdminAction {
    let (id, at) = (RequestId(Uuid::now_v7()), Timestamp::now());
    AdminAction { id, at, actor: actor.to_owned(), action: action.to_owned(), subject, before, after }
}
