//! A database of identities in memory, which can be told to be down.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use router_core::grants::Limits;
use router_core::id::{KeyId, TenantId, UserId};
use router_core::principal::Role;
use router_http::auth::api_key::KeySecrets;
use router_http::auth::key_ring::KeyRing;
use router_http::auth::stores::{IdentityStores, action_of};
use router_http::auth::{Anonymous, Auth, AuthSettings, new_user, password};
use router_store::audit::{AdminAction, AuditLog};
use router_store::error::StoreError;
use router_store::keys::{ApiKey, KeyStore};
use router_store::page::{Page, PageRequest};
use router_store::revision::Revision;
use router_store::sessions::{Revocation, RevocationStore};
use router_store::tenants::{Tenant, TenantStore};
use router_store::users::{User, UserStore};
use secrecy::{ExposeSecret, SecretString};

pub(crate) const KEY_SECRET: &str = "a secret for digests of thirty-two signs";
pub(crate) const TOKEN_SECRET: &str = "a secret for tokens of thirty-two signs";
pub(crate) const METRICS_TOKEN: &str = "a-token-for-whoever-scrapes-the-metrics";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Tables in memory.
#[derive(Default)]
pub(crate) struct MemoryIdentities {
    revision: AtomicU64,
    down: AtomicBool,
    tenants: Mutex<Vec<Tenant>>,
    users: Mutex<Vec<User>>,
    keys: Mutex<Vec<ApiKey>>,
    revocations: Mutex<Vec<Revocation>>,
    actions: Mutex<Vec<AdminAction>>,
}

impl MemoryIdentities {
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<(), StoreError> {
        let down = self.down.load(Ordering::SeqCst);
        if down { Err(StoreError::Database { action: "answer", message: "down".into() }) } else { Ok(()) }
    }

    fn changed(&self) {
        self.revision.fetch_add(1, Ordering::SeqCst);
    }

    fn put<T>(&self, table: &Mutex<Vec<T>>, row: T, same: impl Fn(&T) -> bool) -> Result<(), StoreError> {
        self.up()?;
        let mut rows = table.lock().unwrap();
        match rows.iter_mut().find(|row| same(row)) {
            Some(old) => *old = row,
            None => rows.push(row),
        }
        self.changed();
        Ok(())
    }

    fn all<T: Clone>(&self, table: &Mutex<Vec<T>>) -> Result<Vec<T>, StoreError> {
        self.up()?;
        Ok(table.lock().unwrap().clone())
    }
}

#[async_trait]
impl Revision for MemoryIdentities {
    async fn revision(&self) -> Result<u64, StoreError> {
        self.up()?;
        Ok(self.revision.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl TenantStore for MemoryIdentities {
    async fn put_tenant(&self, tenant: &Tenant, action: &AdminAction) -> Result<(), StoreError> {
        self.put(&self.tenants, tenant.clone(), |old| old.id == tenant.id)?;
        self.put(&self.actions, action.clone(), |_| false)
    }
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.all(&self.tenants)
    }
}

#[async_trait]
impl UserStore for MemoryIdentities {
    async fn put_user(&self, user: &User, action: &AdminAction) -> Result<(), StoreError> {
        self.put(&self.users, user.clone(), |old| old.id == user.id)?;
        self.put(&self.actions, action.clone(), |_| false)
    }
    async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.all(&self.users)
    }
}

#[async_trait]
impl KeyStore for MemoryIdentities {
    async fn put_key(&self, key: &ApiKey, action: &AdminAction) -> Result<(), StoreError> {
        if !self.tenants.lock().unwrap().iter().any(|tenant| tenant.id == key.tenant) {
            return Err(StoreError::Refused { what: "key", message: "there is no such tenant".into() });
        }
        self.put(&self.keys, key.clone(), |old| old.id == key.id)?;
        self.put(&self.actions, action.clone(), |_| false)
    }
    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.all(&self.keys)
    }
}

#[async_trait]
impl RevocationStore for MemoryIdentities {
    async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        self.put(&self.revocations, revocation.clone(), |old| old.token == revocation.token)
    }
    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        Ok(self.all(&self.revocations)?.into_iter().filter(|revocation| revocation.until > now).collect())
    }
}

#[async_trait]
impl AuditLog for MemoryIdentities {
    async fn actions(&self, _: PageRequest) -> Result<Page<AdminAction>, StoreError> {
        Ok(Page { items: self.all(&self.actions)?.into_iter().rev().collect(), next: None })
    }
}

/// What is written down of what a test makes.
fn made(what: &str) -> AdminAction {
    action_of("test", "test.make", what.to_owned(), None, None)
}

/// Two tenants, and ways to make everyone else.
pub(crate) struct People {
    pub(crate) memory: Arc<MemoryIdentities>,
    pub(crate) stores: IdentityStores,
    pub(crate) auth: Arc<Auth>,
}

impl People {
    pub(crate) async fn new(anonymous: Anonymous) -> Self {
        let memory = Arc::new(MemoryIdentities::default());
        let stores = IdentityStores::of(memory.clone());
        for id in ["ours", "theirs"] {
            let tenant = Tenant {
                id: TenantId::from(id),
                name: id.to_owned(),
                limits: Limits::default(),
                budgets: Vec::new(),
                keep_text: None,
                created_at: Timestamp::now(),
                disabled_at: None,
            };
            stores.tenants.put_tenant(&tenant, &made("tenant")).await.unwrap();
        }
        let settings = AuthSettings {
            anonymous,
            key_secrets: Some(secrets()),
            token_secret: Some(SecretString::from(TOKEN_SECRET)),
            issuer: "us".into(),
            audience: "api".into(),
            metrics_token: Some(SecretString::from(METRICS_TOKEN)),
        };
        let auth = Arc::new(Auth::new(settings, Some(stores.clone())));
        auth.refresh().await.unwrap();
        Self { memory, stores, auth }
    }

    /// A key as `change` makes it.
    pub(crate) async fn key(&self, tenant: &str, role: Role, change: impl FnOnce(&mut ApiKey)) -> (KeyId, String) {
        let (secrets, mut wanted) = (secrets(), key(tenant, role));
        change(&mut wanted);
        let ring = KeyRing { stores: &self.stores, secrets: &secrets, actor: "cli" };
        let (kept, fresh) = ring.create(wanted).await.unwrap();
        self.auth.refresh().await.unwrap();
        (kept.id, fresh.text.expose_secret().to_owned())
    }

    /// A key that expired a moment after it was made, long ago.
    pub(crate) async fn expired_key(&self, tenant: &str) -> String {
        let ago = |seconds| Timestamp::now() - SignedDuration::from_secs(seconds);
        let dated = |key: &mut ApiKey| (key.created_at, key.expires_at) = (ago(100), Some(ago(50)));
        self.key(tenant, Role::Admin, dated).await.1
    }

    pub(crate) async fn revoked_key(&self, tenant: &str) -> String {
        let (id, text) = self.key(tenant, Role::Admin, |_| {}).await;
        let secrets = secrets();
        KeyRing { stores: &self.stores, secrets: &secrets, actor: "cli" }.revoke(&id).await.unwrap();
        self.auth.refresh().await.unwrap();
        text
    }

    /// Somebody with [`PASSWORD`].
    pub(crate) async fn user(&self, tenant: &str, email: &str, role: Role) -> UserId {
        let hash = password::hash(&SecretString::from(PASSWORD)).unwrap();
        let user = new_user::user(tenant.into(), email, role, Some(hash), Timestamp::now()).unwrap();
        self.stores.users.put_user(&user, &made("user")).await.unwrap();
        self.auth.refresh().await.unwrap();
        user.id
    }
}

pub(crate) fn secrets() -> KeySecrets {
    KeySecrets::new(SecretString::from(KEY_SECRET), None)
}

fn key(tenant: &str, role: Role) -> ApiKey {
    ApiKey {
        id: KeyId::from(""),
        digest: [0; 32],
        tenant: tenant.into(),
        user: None,
        name: "a key".into(),
        role,
        allowed_models: None,
        allowed_providers: None,
        limits: Limits::default(),
        budgets: Vec::new(),
        keep_text: None,
        tags: Vec::new(),
        created_at: Timestamp::now(),
        expires_at: None,
        revoked_at: None,
    }
}
