//! Making, rotating and revoking API keys: the same for the API and for the command line.

use jiff::{SignedDuration, Timestamp};
use router_core::id::KeyId;
use router_core::principal::Role;
use router_store::error::StoreError;
use router_store::keys::ApiKey;
use serde_json::{Value, json};

use super::api_key::{FreshKey, KeySecrets};
use super::random::RandomError;
use super::stores::{IdentityStores, action_of};

/// The longest name of a key, a user or a tenant, in characters.
pub(crate) const LONGEST_NAME: usize = 100;

/// Why a key was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// There is none of that id. Whoever named it can act.
    #[error("there is no key `{0}`")]
    Unknown(KeyId),
    /// It was revoked already, so there is nothing to rotate. Whoever named it can act.
    #[error("the key `{0}` is revoked; create a new one")]
    Revoked(KeyId),
    /// A field of it is not what it must be. Whoever wrote it can act.
    #[error("`{field}`: {problem}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What it must be.
        problem: &'static str,
    },
    /// The database did not take it. The operator can act.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system has no randomness. The operator can act.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Gives keys out and takes them back. Every change is written down, with who made it.
pub struct KeyRing<'a> {
    /// Where keys are kept.
    pub stores: &'a IdentityStores,
    /// What their digests are made with.
    pub secrets: &'a KeySecrets,
    /// Who acts, as in the list of changes: `user:abc`, `cli`.
    pub actor: &'a str,
}

impl KeyRing<'_> {
    /// Makes a key as `wanted` describes it; its id and digest are made here. Returns it as it is kept, and the text to hand
    /// over, which nobody can ever read again.
    ///
    /// # Errors
    /// A field is not what it must be, the tenant or user does not exist, or the database did not take it.
    pub async fn create(&self, wanted: ApiKey) -> Result<(ApiKey, FreshKey), KeyRingError> {
        check(&wanted)?;
        let fresh = FreshKey::generate()?;
        let key = ApiKey { id: fresh.id.clone(), digest: self.secrets.digest(&fresh), ..wanted };
        self.put("key.create", &key, None).await?;
        Ok((key, fresh))
    }

    /// Makes a new key with all that the old one has; the old one is refused after `overlap`.
    ///
    /// # Errors
    /// There is none of that id, it is revoked, or the database did not take it.
    pub async fn rotate(&self, id: &KeyId, overlap: SignedDuration) -> Result<(ApiKey, FreshKey), KeyRingError> {
        let now = Timestamp::now();
        let old = self.find(id).await?;
        if old.revoked_at.is_some_and(|at| at <= now) {
            return Err(KeyRingError::Revoked(id.clone()));
        }
        let made = self.create(ApiKey { created_at: now, revoked_at: None, ..old.clone() }).await?;
        // The new one first: if this fails there are two keys, and not none.
        let end = now.saturating_add(overlap).unwrap_or(now);
        let end = old.revoked_at.map_or(end, |already| already.min(end));
        self.replace("key.rotate", &old, ApiKey { revoked_at: Some(end), ..old.clone() }).await?;
        Ok(made)
    }

    /// Refuses a key from now on. One that is revoked already stays as it is.
    ///
    /// # Errors
    /// There is none of that id, or the database did not take it.
    pub async fn revoke(&self, id: &KeyId) -> Result<ApiKey, KeyRingError> {
        let now = Timestamp::now();
        let key = self.find(id).await?;
        if key.revoked_at.is_some_and(|at| at <= now) {
            return Ok(key);
        }
        let revoked = ApiKey { revoked_at: Some(now), ..key.clone() };
        self.replace("key.revoke", &key, revoked.clone()).await?;
        Ok(revoked)
    }

    /// Changes what a key is granted. Its id, digest and tenant stay.
    ///
    /// # Errors
    /// There is none of that id, it is revoked, a field is not what it must be, or the database did not take it.
    pub async fn change(&self, id: &KeyId, change: impl FnOnce(ApiKey) -> ApiKey) -> Result<ApiKey, KeyRingError> {
        let old = self.find(id).await?;
        if old.revoked_at.is_some_and(|at| at <= Timestamp::now()) {
            return Err(KeyRingError::Revoked(id.clone()));
        }
        let ApiKey { id, digest, tenant, .. } = old.clone();
        let new = ApiKey { id, digest, tenant, ..change(old.clone()) };
        check(&new)?;
        self.replace("key.change", &old, new.clone()).await?;
        Ok(new)
    }

    async fn find(&self, id: &KeyId) -> Result<ApiKey, KeyRingError> {
        let keys = self.stores.keys.keys().await?;
        keys.into_iter().find(|key| key.id == *id).ok_or_else(|| KeyRingError::Unknown(id.clone()))
    }

    async fn replace(&self, action: &str, old: &ApiKey, new: ApiKey) -> Result<(), KeyRingError> {
        self.put(action, &new, Some(shown(old))).await
    }

    async fn put(&self, action: &str, key: &ApiKey, before: Option<Value>) -> Result<(), KeyRingError> {
        let action = action_of(self.actor, action, format!("key:{}", key.id), before, Some(shown(key)));
        Ok(self.stores.keys.put_key(key, &action).await?)
    }
}

/// What of a key is written down and shown: everything but its digest.
#[must_use]
pub fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "tenant": key.tenant, "user": key.user, "name": key.name, "role": key.role,
        "allowedModels": key.allowed_models, "allowedProviders": key.allowed_providers, "limits": key.limits,
        "budgets": key.budgets, "keepText": key.keep_text, "tags": key.tags, "createdAt": key.created_at,
        "expiresAt": key.expires_at, "revokedAt": key.revoked_at,
    })
}

fn check(key: &ApiKey) -> Result<(), KeyRingError> {
    let require =
        |right: bool, field, problem| if right { Ok(()) } else { Err(KeyRingError::Invalid { field, problem }) };
    require(key.role != Role::System, "role", "must be admin, analyst or caller")?;
    require(is_name(&key.name), "name", "must be 1 to 100 characters")?;
    require(
        key.tags.len() <= 20 && key.tags.iter().all(|tag| is_name(tag)),
        "tags",
        "at most 20 of 1 to 100 characters",
    )?;
    require(key.expires_at.is_none_or(|end| end > key.created_at), "expiresAt", "must be in the future")?;
    check_grants(key.limits, &key.budgets)
}

/// Whether a name can be shown: short, not empty, without control characters.
pub(crate) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control)
}

/// Whether limits and budgets make sense.
pub(crate) fn check_grants(
    limits: router_core::grants::Limits,
    budgets: &[router_core::grants::Budget],
) -> Result<(), KeyRingError> {
    let rates = [limits.requests, limits.tokens];
    if rates.into_iter().flatten().any(|rate| rate.burst == 0) {
        return Err(KeyRingError::Invalid { field: "limits", problem: "`burst` must be at least 1" });
    }
    let doubled =
        budgets.iter().enumerate().any(|(n, one)| budgets[..n].iter().any(|other| other.period == one.period));
    if doubled || budgets.iter().any(|budget| budget.limit.nanos() < 0) {
        let problem = "at most one for each period, and none below 0";
        return Err(KeyRingError::Invalid { field: "budgets", problem });
    }
    Ok(())
}
