//! Sessions that were ended before they expired.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;

/// A session or token that is refused although it has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The token's own id (`jti`).
    pub token: String,
    /// When it expires by itself, and the revocation can be forgotten.
    pub until: Timestamp,
}

/// Keeps revocations until they are of no use any more.
#[async_trait]
pub trait RevocationStore: Send + Sync {
    /// Writes a revocation. One that is there already stays as it is.
    ///
    /// # Errors
    /// The database did not take it.
    async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError>;

    /// Those that still matter at `now`. Others may be deleted on the way.
    ///
    /// # Errors
    /// The database did not answer.
    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError>;
}
