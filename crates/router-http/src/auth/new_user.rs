//! A user as they are first written down: the same for the API and for the command line.

use jiff::{SignedDuration, Timestamp};
use router_core::grants::Limits;
use router_core::id::{TenantId, UserId};
use router_core::principal::Role;
use router_store::users::User;

use super::key_ring::KeyRingError;
use super::random;

/// The longest address that mail has (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// A user without limits, with an id of their own.
///
/// # Errors
/// The address is none, or the operating system has no randomness.
pub fn user(
    tenant: TenantId,
    email: &str,
    role: Role,
    password_hash: Option<String>,
    now: Timestamp,
) -> Result<User, KeyRingError> {
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !parts || email.len() > LONGEST_EMAIL || email.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(KeyRingError::Invalid { field: "email", problem: "must be an address like ada@example.org" });
    }
    Ok(User {
        id: UserId::from(random::text(12)?),
        tenant,
        email,
        password_hash,
        role,
        limits: Limits::default(),
        budgets: Vec::new(),
        created_at: now,
        disabled_at: None,
        sessions_valid_from: now,
    })
}

/// The next full second: tokens say seconds, and one that began in this second must not outlive it.
pub(crate) fn next_second(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now)
}
