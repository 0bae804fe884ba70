//! Users: people who log in to the dashboard, or own keys.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::grants::{Budget, Limits};
use router_core::id::{TenantId, UserId};
use router_core::principal::Role;

use crate::audit::AdminAction;
use crate::error::StoreError;

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Who is billed for what they do.
    pub tenant: TenantId,
    /// What they log in with; unique, in lower case.
    pub email: String,
    /// The password's argon2id digest in PHC form; none for someone who only owns keys.
    pub password_hash: Option<String>,
    /// What they may do.
    pub role: Role,
    /// How often all their keys and sessions together may ask.
    pub limits: Limits,
    /// How much money they may spend; at most one for each period.
    pub budgets: Vec<Budget>,
    /// Since when.
    pub created_at: Timestamp,
    /// From then on they and their keys are refused.
    pub disabled_at: Option<Timestamp>,
    /// Sessions that began before are refused: the password was changed, or they were logged out everywhere.
    pub sessions_valid_from: Timestamp,
}

impl fmt::Debug for User {
    /// Without the digest of the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("role", &self.role)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

/// Keeps users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Writes a new user, or replaces the one with its id, and writes down who did so: both or neither.
    ///
    /// # Errors
    /// The database did not take it; [`StoreError::Refused`] where the tenant does not exist or the address is taken.
    async fn put_user(&self, user: &User, action: &AdminAction) -> Result<(), StoreError>;

    /// All users, of all tenants, oldest first.
    ///
    /// # Errors
    /// The database did not answer, or a user is unreadable.
    async fn users(&self) -> Result<Vec<User>, StoreError>;
}
