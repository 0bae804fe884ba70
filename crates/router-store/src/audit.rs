//! What was changed by whom: keys, users, budgets, configuration.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::RequestId;

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminAction {
    /// Its own id; a UUIDv7 like a request's.
    pub id: RequestId,
    /// When.
    pub at: Timestamp,
    /// Who: `user:abc`, `key:abc`, `local` (the unauthenticated user of a loopback listener), `cli` (the command line).
    pub actor: String,
    /// What was done: `key.create`, `config.set`.
    pub action: String,
    /// To what: `key:abc`, `models.gpt-4o.priority`.
    pub subject: String,
    /// How it was before, without secrets; none for something new.
    pub before: Option<serde_json::Value>,
    /// How it is now, without secrets; none for something that is gone.
    pub after: Option<serde_json::Value>,
}

/// Shows the changes. They are written together with what was changed, by whoever keeps that.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// A page of changes, newest first.
    ///
    /// # Errors
    /// The database did not answer, or a change is unreadable.
    async fn actions(&self, page: PageRequest) -> Result<Page<AdminAction>, StoreError>;
}
