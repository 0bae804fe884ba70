//! The configuration of the running server: read again when files change, changed by administrators, followed in the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use router_http::auth::stores::action_of;
use router_http::configuration::{ChangeError, Configuration, Setting};
use router_store::audit::AdminAction;
use router_store::error::StoreError;
use router_store::overrides::Override;
use router_store::store::Store;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::error::{ConfigError, ConfigErrors};
use crate::config::origin::Origin;
use crate::config::sources::Sources;
use crate::reload::Reloader;
use crate::values;

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
}

#[async_trait]
impl Configuration for Administration {
    async fn settings(&self) -> Vec<Setting> {
        let reloader = self.reloader.lock().await;
        // What was read from text can be written as text.
        values::settings(&reloader.current).unwrap_or_default()
    }

    async fn overrides(&self) -> Vec<Override> {
        let reloader = self.reloader.lock().await;
        // One that a file contradicts is kept, and not in force.
        let in_force =
            |change: &&Override| matches!(reloader.current.origins.of(&change.path), Origin::Override { .. });
        reloader.sources.overrides.iter().filter(in_force).cloned().collect()
    }

    async fn change(&self, actor: &str, changes: Vec<(String, Option<Value>)>) -> Result<(), ChangeError> {
        let mut reloader = self.reloader.lock().await;
        let old = within(DEADLINE, self.store.overrides()).await?;
        let at = Timestamp::now();
        let set = changes.iter().filter_map(|(path, value)| {
            Some(Override { path: path.clone(), value: value.clone()?, actor: actor.to_owned(), at })
        });
        let set: Vec<Override> = set.collect();
        let is_changed = |change: &Override| changes.iter().any(|(path, _)| *path == change.path);
        let kept = old.iter().filter(|change| !is_changed(change)).cloned();
        let new = kept.chain(set.iter().cloned()).collect();
        // Tried as a whole before anything is kept.
        let trial = Sources { overrides: new, ..reloader.sources.clone() };
        reloader.prepare(&trial).map_err(|error| invalid(&error, &changes))?;
        let action = |(path, after): (String, Option<Value>)| {
            let before = old.iter().find(|change| change.path == path).map(|change| change.value.clone());
            action_of(actor, "config.change", format!("config:{path}"), before, after)
        };
        let unset: Vec<String> =
            changes.iter().filter(|(_, value)| value.is_none()).map(|(path, _)| path.clone()).collect();
        let actions: Vec<AdminAction> = changes.into_iter().map(action).collect();
        within(DEADLINE, self.store.change(&set, &unset, &actions)).await?;
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
