//! The configuration of the running server: read again when files change, changed by administrators, followed in the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use router_http::configuration::{ChangeError, Configuration, Setting};
use router_store::error::StoreError;
use router_store::overrides::Override;
use router_store::store::Store;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::error::{ConfigError, ConfigErrors};
use crate::config::sources::Sources;
use crate::reload::Reloader;
use crate::{store, values};

/// How often to look whether another replica has changed anything.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// How long the database may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// The configuration of the running server.
pub struct Administration {
    store: Arc<dyn Store>,
    reloader: Mutex<Reloader>,
}

impl Administration {
    /// What administrators change is kept in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, reloader: Reloader) -> Self {
        Self { store, reloader: Mutex::new(reloader) }
    }

    /// The files that are read, also where they cannot be: a change of one of them is a reason to reload.
    pub async fn files(&self) -> Vec<PathBuf> {
        self.reloader.lock().await.files()
    }

    /// Reads the files again. On any error the old configuration stays in force, and the log says why.
    pub async fn reload(&self, reason: &str) {
        self.reloader.lock().await.reload(reason);
    }

    /// Puts in force what administrators have changed, if that is not in force yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let mut reloader = self.reloader.lock().await;
        let overrides = within(DEADLINE, self.store.overrides()).await?;
        if overrides != reloader.sources.overrides {
            reloader.sources.overrides = overrides;
            reloader.reload("an administrator changed it");
        }
        Ok(())
    }

    /// Follows the database for as long as it is polled. Says when it cannot, once, and when it can again.
    pub async fn follow(&self) {
        let mut ticks = interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut seen, mut well) = (None, true);
        loop {
            ticks.tick().await;
            let looked = match within(DEADLINE, self.store.revision()).await {
                Ok(revision) if seen == Some(revision) => Ok(revision),
                Ok(revision) => self.refresh().await.map(|()| revision),
                Err(error) => Err(error),
            };
            match looked {
                Ok(revision) => {
                    seen = Some(revision);
                    if !well {
                        tracing::info!("changes of administrators are followed again");
                    }
                    well = true;
                }
                Err(error) if well => {
                    tracing::warn!(%error, "changes of administrators cannot be read; the last ones known stay in force");
                    well = false;
                }
                Err(_) => {}
            }
        }
    }

    async fn write(&self, actor: &str, old: &[Override], path: &str, value: Option<Value>) -> Result<(), StoreError> {
        let at = Timestamp::now();
        let before = old.iter().find(|change| change.path == path).map(|change| change.value.clone());
        match &value {
            Some(value) => {
                let (path, actor) = (path.to_owned(), actor.to_owned());
                self.store.set(&Override { path, value: value.clone(), actor, at }).await?;
            }
            None => {
                self.store.unset(path).await?;
            }
        }
        let subject = format!("config:{path}");
        store::identities(&self.store).note(actor, "config.change", subject, before, value).await
    }
}

#[async_trait]
impl Configuration for Administration {
    async fn settings(&self) -> Vec<Setting> {
        let reloader = self.reloader.lock().await;
        // What was read from text can be written as text.
        values::settings(&reloader.current).unwrap_or_default()
    }

    async fn overrides(&self) -> Vec<Override> {
        self.reloader.lock().await.sources.overrides.clone()
    }

    async fn change(&self, actor: &str, changes: Vec<(String, Option<Value>)>) -> Result<(), ChangeError> {
        let mut reloader = self.reloader.lock().await;
        let old = within(DEADLINE, self.store.overrides()).await?;
        let mut new = old.clone();
        for (path, value) in &changes {
            new.retain(|change| change.path != *path);
            if let Some(value) = value.clone() {
                new.push(Override { path: path.clone(), value, actor: actor.to_owned(), at: Timestamp::now() });
            }
        }
        // Tried as a whole before anything is kept.
        let trial = Sources { overrides: new, ..reloader.sources.clone() };
        reloader.prepare(&trial).map_err(|error| invalid(&error, &changes))?;
        for (path, value) in changes {
            within(DEADLINE, self.write(actor, &old, &path, value)).await?;
        }
        // As they were written, not as they were meant: another replica may have written, too.
        reloader.sources.overrides = within(DEADLINE, self.store.overrides()).await?;
        reloader.reload("an administrator changed it");
        Ok(())
    }
}

/// The first thing that is wrong, by the path that names it.
fn invalid(error: &anyhow::Error, changes: &[(String, Option<Value>)]) -> ChangeError {
    let values = error.downcast_ref::<ConfigErrors>().into_iter().flat_map(|errors| &errors.errors);
    let of_a_value = |error: &ConfigError| match error {
        ConfigError::Value { field, message, .. } => Some((field.clone(), message.clone())),
        _ => None,
    };
    let mut values: Vec<_> = values.filter_map(of_a_value).collect();
    // What was asked for rather than what it contradicts.
    values.sort_by_key(|(field, _)| !changes.iter().any(|(path, _)| path == field));
    let (path, problem) = values.into_iter().next().unwrap_or_else(|| ("body".to_owned(), format!("{error:#}")));
    ChangeError::Invalid { path, problem }
}

async fn within<T>(time: Duration, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Database { action: "follow changes", message: format!("no answer in {time:?}") };
    timeout(time, answer).await.map_err(late)?
}
