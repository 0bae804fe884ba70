//! Who may call this server: from configuration to authentication.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use router_core::grants::Limits;
use router_core::id::TenantId;
use router_core::principal::Role;
use router_http::auth::api_key::KeySecrets;
use router_http::auth::stores::{IdentityStores, action_of};
use router_http::auth::{Anonymous, Auth, AuthSettings};
use router_store::tenants::Tenant;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::config::secret::Secret;
use crate::config::server::Environment;
use crate::store;

/// Who the command line is in the list of changes.
pub const ACTOR: &str = "cli";

/// What digests of API keys are made with, if anything is.
#[must_use]
pub fn key_secrets(config: &Config) -> Option<KeySecrets> {
    let text = |secret: &Secret| secret.secret().clone();
    let current = config.secrets.api_key.as_ref().map(text)?;
    Some(KeySecrets::new(current, config.secrets.api_key_previous.as_ref().map(text)))
}

/// Who is let in without credentials. A demonstration spends nothing and shows nothing of a real installation.
#[must_use]
pub fn anonymous(config: &Config) -> Anonymous {
    let server = &config.server;
    let production = server.environment == Environment::Production && !config.demo;
    match server.listen.ip().is_loopback() {
        _ if production => Anonymous::Nobody,
        true if config.auth.anonymous_loopback => Anonymous::ThisMachine,
        false if server.allow_unauthenticated_network => Anonymous::Everyone,
        _ => Anonymous::Nobody,
    }
}

/// Authentication as configured. Without `stores` nobody has credentials.
#[must_use]
pub fn auth(config: &Config, stores: Option<IdentityStores>) -> Arc<Auth> {
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.secret().clone());
    let settings = AuthSettings {
        anonymous: anonymous(config),
        key_secrets: key_secrets(config),
        token_secret: text(&config.secrets.jwt),
        issuer: config.auth.issuer.clone(),
        audience: config.auth.audience.clone(),
        metrics_token: text(&config.secrets.metrics_token),
    };
    Arc::new(Auth::new(settings, stores))
}

/// Runs a command that works on the configured database.
///
/// # Errors
/// The database cannot be opened, or the command fails.
pub fn with_stores<T>(
    config: &Config,
    command: impl AsyncFnOnce(&IdentityStores) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let store = store::open(config).await?;
        command(&store::identities(&store)).await
    })
}

/// Makes a tenant of that id, if there is none.
///
/// # Errors
/// The database did not take it.
pub async fn ensure_tenant(stores: &IdentityStores, id: &TenantId) -> anyhow::Result<()> {
    if stores.tenants.tenants().await?.iter().any(|tenant| tenant.id == *id) {
        return Ok(());
    }
    let tenant = Tenant {
        id: id.clone(),
        name: id.to_string(),
        limits: Limits::default(),
        budgets: Vec::new(),
        keep_text: None,
        created_at: Timestamp::now(),
        disabled_at: None,
    };
    let action = action_of(ACTOR, "tenant.create", format!("tenant:{id}"), None, None);
    Ok(stores.tenants.put_tenant(&tenant, &action).await?)
}

/// A role from its name.
///
/// # Errors
/// There is none of that name that people have.
pub fn role(name: &str) -> anyhow::Result<Role> {
    match name {
        "admin" => Ok(Role::Admin),
        "analyst" => Ok(Role::Analyst),
        "caller" => Ok(Role::Caller),
        _ => anyhow::bail!("--role: `{name}` is no role; write admin, analyst or caller"),
    }
}

/// Reads who may call, and follows changes from then on. A database that does not answer now may do so later.
pub async fn follow(auth: &Arc<Auth>) -> JoinHandle<()> {
    if let Err(error) = auth.refresh().await {
        tracing::warn!(%error, "keys and users cannot be read; nobody with credentials is let in until they can");
    }
    let auth = Arc::clone(auth);
    tokio::spawn(async move { auth.follow().await })
}

/// What the operator must know of who is let in, if anybody is without credentials.
#[must_use]
pub fn warning(config: &Config) -> Option<&'static str> {
    match anonymous(config) {
        Anonymous::Nobody => None,
        Anonymous::ThisMachine => Some(
            "callers of this machine need NO CREDENTIALS and may do everything; APP_ENV=production or \
             auth.anonymous_loopback = false ends that",
        ),
        Anonymous::Everyone => Some(
            "EVERYONE who reaches this address needs NO CREDENTIALS, may do everything and spends your money: \
             server.allow_unauthenticated_network is set",
        ),
    }
}
