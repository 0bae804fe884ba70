//! Everyone who may call, in memory: read as a whole, followed by polling one small number, kept when the database is down.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use router_core::id::{KeyId, TenantId, UserId};
use router_core::principal::{Principal, Role};
use router_store::error::StoreError;
use router_store::keys::ApiKey;
use router_store::tenants::Tenant;
use router_store::users::User;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, interval, timeout};

use super::joined;
use super::stores::IdentityStores;

/// How often to look whether anything has changed: the longest that a revoked key still works on another replica.
pub(crate) const POLL_EVERY: Duration = Duration::from_secs(2);

/// How long the database may take to answer a poll.
const POLL_DEADLINE: Duration = Duration::from_secs(5);

/// A directory that was not confirmed for this long is stale: several polls in a row came to nothing. Who is not in it may
/// exist by now.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// Everyone who may call, as of one revision.
#[derive(Default)]
pub(crate) struct Identities {
    revision: Option<u64>,
    pub(crate) keys: HashMap<KeyId, KnownKey>,
    pub(crate) users: HashMap<UserId, KnownUser>,
    by_email: HashMap<String, UserId>,
    pub(crate) tenants: HashMap<TenantId, KnownTenant>,
    pub(crate) revoked: HashSet<String>,
}

/// A key, ready for use.
pub(crate) struct KnownKey {
    pub(crate) digest: [u8; 32],
    pub(crate) expires_at: Option<Timestamp>,
    /// From then on it is refused: the key, its user or its tenant was disabled.
    pub(crate) refused_from: Option<Timestamp>,
    pub(crate) principal: Principal,
}

/// A user, ready for use.
pub(crate) struct KnownUser {
    pub(crate) user: User,
    pub(crate) refused_from: Option<Timestamp>,
    pub(crate) principal: Principal,
}

/// A tenant, ready for use.
pub(crate) struct KnownTenant {
    pub(crate) refused_from: Option<Timestamp>,
    /// Someone of that tenant who is neither a key nor a known user.
    pub(crate) principal: Principal,
}

impl Identities {
    fn build(
        revision: u64,
        tenants: Vec<Tenant>,
        users: Vec<User>,
        keys: Vec<ApiKey>,
        revoked: HashSet<String>,
    ) -> Self {
        let tenants: HashMap<TenantId, Tenant> =
            tenants.into_iter().map(|tenant| (tenant.id.clone(), tenant)).collect();
        let users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let known_keys = keys.iter().filter_map(|key| KnownKey::of(key, &tenants, &users)).collect();
        let by_email = users.values().map(|user| (user.email.clone(), user.id.clone())).collect();
        let known_users = users.into_values().filter_map(|user| KnownUser::of(user, &tenants)).collect();
        let known_tenants = tenants.into_values().map(KnownTenant::of).collect();
        Self {
            revision: Some(revision),
            keys: known_keys,
            users: known_users,
            by_email,
            tenants: known_tenants,
            revoked,
        }
    }

    /// The user who logs in with that address; in any case.
    pub(crate) fn user_by_email(&self, email: &str) -> Option<&KnownUser> {
        self.users.get(self.by_email.get(&email.trim().to_lowercase())?)
    }
}

impl KnownKey {
    fn of(key: &ApiKey, tenants: &HashMap<TenantId, Tenant>, users: &HashMap<UserId, User>) -> Option<(KeyId, Self)> {
        let tenant = tenants.get(&key.tenant)?;
        let user = match &key.user {
            Some(id) => Some(users.get(id)?),
            None => None,
        };
        // The router itself has no key.
        let role = joined::role(key, user);
        if role == Role::System {
            return None;
        }
        let ends = [key.revoked_at, user.and_then(|user| user.disabled_at), tenant.disabled_at];
        let principal = Principal {
            tenant: key.tenant.clone(),
            key: Some(key.id.clone()),
            user: key.user.clone(),
            role,
            grants: Arc::new(joined::grants(Some(key), user, tenant)),
        };
        let refused_from = ends.into_iter().flatten().min();
        Some((key.id.clone(), Self { digest: key.digest, expires_at: key.expires_at, refused_from, principal }))
    }
}

impl KnownUser {
    fn of(user: User, tenants: &HashMap<TenantId, Tenant>) -> Option<(UserId, Self)> {
        let tenant = tenants.get(&user.tenant)?;
        let principal = Principal {
            tenant: user.tenant.clone(),
            key: None,
            user: Some(user.id.clone()),
            role: user.role,
            grants: Arc::new(joined::grants(None, Some(&user), tenant)),
        };
        let refused_from = [user.disabled_at, tenant.disabled_at].into_iter().flatten().min();
        Some((user.id.clone(), Self { user, refused_from, principal }))
    }
}

impl KnownTenant {
    fn of(tenant: Tenant) -> (TenantId, Self) {
        let grants = Arc::new(joined::grants(None, None, &tenant));
        let principal = Principal { tenant: tenant.id.clone(), key: None, user: None, role: Role::Caller, grants };
        (tenant.id, Self { refused_from: tenant.disabled_at, principal })
    }
}

/// Everyone who may call, kept current.
pub(crate) struct Directory {
    stores: IdentityStores,
    identities: ArcSwap<Identities>,
    /// When the database last confirmed what is here.
    confirmed: watch::Sender<Option<Instant>>,
    /// One reader at a time: an older answer never replaces a newer one.
    reading: Mutex<()>,
}

impl Directory {
    pub(crate) fn new(stores: IdentityStores) -> Self {
        let (identities, confirmed) = (ArcSwap::default(), watch::Sender::new(None));
        Self { stores, identities, confirmed, reading: Mutex::new(()) }
    }

    pub(crate) const fn stores(&self) -> &IdentityStores {
        &self.stores
    }

    /// Everyone, as last read.
    pub(crate) fn identities(&self) -> arc_swap::Guard<Arc<Identities>> {
        self.identities.load()
    }

    /// The same, for a while.
    pub(crate) fn shared(&self) -> Arc<Identities> {
        self.identities.load_full()
    }

    /// Whether the database confirmed lately what is here: then who is not here does not exist.
    pub(crate) fn is_fresh(&self) -> bool {
        self.confirmed.borrow().is_some_and(|at| at.elapsed() < STALE_AFTER)
    }

    /// Reads the tables if they have changed since they were read last.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let _alone = self.reading.lock().await;
        let asked = Instant::now();
        let read = timeout(POLL_DEADLINE, self.read()).await;
        let late =
            || StoreError::Database { action: "read identities", message: format!("no answer in {POLL_DEADLINE:?}") };
        if let Some(identities) = read.unwrap_or_else(|_| Err(late()))? {
            self.identities.store(Arc::new(identities));
        }
        self.confirmed.send_replace(Some(asked));
        Ok(())
    }

    async fn read(&self) -> Result<Option<Identities>, StoreError> {
        // The number first: whatever is changed while the tables are read is read again next time.
        let revision = self.stores.revision.revision().await?;
        if self.identities.load().revision == Some(revision) {
            return Ok(None);
        }
        let tenants = self.stores.tenants.tenants().await?;
        let users = self.stores.users.users().await?;
        let keys = self.stores.keys.keys().await?;
        let revocations = self.stores.revocations.revocations(Timestamp::now()).await?;
        let revoked = revocations.into_iter().map(|revocation| revocation.token).collect();
        Ok(Some(Identities::build(revision, tenants, users, keys, revoked)))
    }

    /// Follows the database for as long as it is polled. Says when it cannot, once, and when it can again.
    pub(crate) async fn follow(&self) {
        let mut ticks = interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut well = true;
        loop {
            ticks.tick().await;
            match self.refresh().await {
                Ok(()) if well => {}
                Ok(()) => tracing::info!("keys and users are followed again"),
                Err(error) if well => {
                    tracing::warn!(%error, "keys and users cannot be read; the last ones known stay in force");
                    well = false;
                    continue;
                }
                Err(_) => continue,
            }
            well = true;
        }
    }
}
