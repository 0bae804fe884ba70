//! The database: a file of this machine, or a server that replicas share.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use router_http::auth::stores::IdentityStores;
use router_store::error::StoreError;
use router_store::postgres::{PostgresSettings, PostgresStore};
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::store::Store;
use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};

use crate::cli::ConfigArgs;
use crate::config::records::Database;
use crate::config::secret::Secret;
use crate::config::sources::Sources;
use crate::config::{Config, load};
use crate::serve::make_private;

/// How long the start waits for the tables: a server may accept and never answer, or another replica be at a long migration.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two attempts to reach a server that is not there.
const AGAIN: Duration = Duration::from_secs(2);

/// Opens the database for the server. One that is on another machine need not be there yet: records wait in the journal, and
/// credentials are refused until it is.
///
/// # Errors
/// It is there and cannot be used.
pub async fn open_for_serving(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let url = match &config.data.database {
        Database::Sqlite(_) => return open(config).await,
        Database::Postgres(url) => url,
    };
    let store = postgres(config, url)?;
    let late =
        || StoreError::Database { action: "bring its tables up to date", message: format!("not within {PATIENCE:?}") };
    match timeout(PATIENCE, store.migrate()).await.unwrap_or_else(|_| Err(late())) {
        Ok(run) => tell(&run),
        Err(error @ StoreError::Database { .. }) => {
            tracing::warn!(%error, database = store.place(), "the database cannot be used yet; records wait in the journal");
            tokio::spawn(migrate_when_there(store.clone()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Arc::new(store))
}

/// Opens the database for a command, with its tables up to date.
///
/// # Errors
/// It cannot be used, or is not there.
pub async fn open(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    match &config.data.database {
        Database::Sqlite(path) => {
            make_private(&config.data.dir)?;
            Ok(Arc::new(SqliteStore::open(path, SqliteSettings::default()).await?))
        }
        Database::Postgres(url) => {
            let store = postgres(config, url)?;
            let run = store.migrate().await.with_context(|| format!("the database {}", store.place()))?;
            tell(&run);
            Ok(Arc::new(store))
        }
    }
}

fn postgres(config: &Config, url: &Secret) -> Result<PostgresStore, StoreError> {
    let connections = usize::try_from(config.data.connections.get()).unwrap_or(usize::MAX);
    let settings = PostgresSettings { connections, deadline: config.data.deadline, ..PostgresSettings::default() };
    PostgresStore::new(url.secret().expose_secret(), settings)
}

async fn migrate_when_there(store: PostgresStore) {
    loop {
        sleep(AGAIN).await;
        match store.migrate().await {
            Ok(run) => {
                tell(&run);
                tracing::info!(database = store.place(), "the database is there");
                return;
            }
            // The writer says so of the records, and the health of everything.
            Err(error @ StoreError::Database { .. }) => tracing::debug!(%error, "the database still cannot be used"),
            Err(error) => tracing::error!(%error, "the database cannot be used; tried again"),
        }
    }
}

fn tell(run: &[String]) {
    for migration in run {
        tracing::info!(migration, "the database's tables were brought up to date");
    }
}

/// Who may call, kept in `store`.
#[must_use]
pub fn identities(store: &Arc<dyn Store>) -> IdentityStores {
    IdentityStores {
        tenants: Arc::clone(store) as _,
        users: Arc::clone(store) as _,
        keys: Arc::clone(store) as _,
        revocations: Arc::clone(store) as _,
        revision: Arc::clone(store) as _,
        audit: Arc::clone(store) as _,
    }
}

/// `llm-router migrate`: brings the tables up to date, and does nothing else.
///
/// # Errors
/// The configuration is wrong, or the database cannot be used.
pub fn migrate(arguments: ConfigArgs, out: &mut impl std::io::Write) -> anyhow::Result<std::process::ExitCode> {
    let config = load(&Sources { file: arguments.config, ..Sources::of_process() })?.config;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        if let Database::Postgres(url) = &config.data.database {
            let store = postgres(&config, url)?;
            for migration in store.migrate().await.with_context(|| format!("the database {}", store.place()))? {
                writeln!(out, "{migration}")?;
            }
        } else {
            open(&config).await?;
        }
        writeln!(out, "the tables are up to date")?;
        Ok(std::process::ExitCode::SUCCESS)
    })
}
