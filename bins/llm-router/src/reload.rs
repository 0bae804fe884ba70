//! A changed configuration takes effect without a restart: read, validated as a whole, swapped; or refused as a whole, with the old one in force.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use router_engine::engine::Engine;
use router_engine::snapshot::Snapshot;
use tokio::sync::mpsc;

use crate::catalogue;
use crate::config::sources::Sources;
use crate::config::{Loaded, load};
use crate::demo::Demo;
use crate::wire;

/// Editors and mounts write in several steps: a change counts once it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(250);

/// Reads the configuration again when asked to.
pub struct Reloader {
    /// Where the configuration is read from.
    pub sources: Sources,
    /// What is in force.
    pub current: Loaded,
    /// What runs under it.
    pub engine: Arc<Engine>,
    /// The simulated providers, in a demonstration.
    pub demo: Option<Arc<Demo>>,
}

impl Reloader {
    /// The files that a reload would read, also where it would fail: a change of one of them is what will mend it.
    /// Watch them before the reload, or a change between reading and watching is missed.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match load(&self.sources) {
            Ok(loaded) => loaded.watched,
            Err(errors) => errors.watched,
        }
    }

    /// Reads everything again. On any error the old configuration stays in force, and the log says why.
    pub fn reload(&mut self, reason: &str) {
        match self.prepare(&self.sources) {
            Ok(prepared) => self.put_in_force(prepared, reason),
            Err(errors) => refuse(reason, &format!("{errors:#}")),
        }
    }

    /// What `sources` would put in force. Changes nothing.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn prepare(&self, sources: &Sources) -> anyhow::Result<Prepared> {
        let loaded = load(sources)?;
        // Catalogues and key files may have changed even where the configuration itself has not.
        let snapshot = wire::snapshot(&loaded.config, self.demo.as_deref())?;
        Ok(Prepared { loaded, snapshot })
    }

    /// From the next request on it counts.
    pub fn put_in_force(&mut self, prepared: Prepared, reason: &str) {
        let Prepared { loaded, snapshot } = prepared;
        for warning in loaded.warnings.iter().cloned().chain(catalogue::warnings(&loaded.config, &snapshot.registry)) {
            tracing::warn!("{warning}");
        }
        for section in self.current.config.needs_restart(&loaded.config) {
            tracing::warn!(section, "changed, and takes effect at the next start only");
        }
        let models = snapshot.registry.models().len();
        self.engine.reload(snapshot);
        self.current = loaded;
        tracing::info!(reason, models, "configuration reloaded");
    }
}

/// A configuration that can be put in force.
pub struct Prepared {
    loaded: Loaded,
    snapshot: Snapshot,
}

fn refuse(reason: &str, errors: &str) {
    tracing::error!(reason, %errors, "the new configuration is not valid; the old one stays in force");
}

/// Watches files, by their directories: a file that is replaced (by an editor, by Kubernetes' symbolic links) is another file.
pub struct FileWatch {
    watcher: Option<RecommendedWatcher>,
    directories: Vec<PathBuf>,
    names: Names,
    changes: mpsc::Receiver<()>,
}

/// Which files of the watched directories count: others (a database, say) may change all the time.
#[derive(Debug, Clone, Default)]
struct Names(Arc<Mutex<HashSet<OsString>>>);

impl Names {
    /// Kubernetes swaps this link to swap all files of a mounted volume at once.
    const KUBERNETES_LINK: &str = "..data";

    fn set(&self, files: &[PathBuf]) {
        let names = files.iter().filter_map(|file| file.file_name()).map(OsString::from);
        let names = names.chain([OsString::from(Self::KUBERNETES_LINK)]).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn concern(&self, event: &notify::Event) -> bool {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !event.kind.is_access()
            && event.paths.iter().filter_map(|path| path.file_name()).any(|name| names.contains(name))
    }
}

impl FileWatch {
    /// Watches `files` from now on. A directory that cannot be watched is said so in the log: SIGHUP still reloads.
    #[must_use]
    pub fn start(files: &[PathBuf]) -> Self {
        // One waiting change is as good as many.
        let (sender, changes) = mpsc::channel(1);
        let names = Names::default();
        let wanted = names.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| wanted.concern(&event)) {
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, "files cannot be watched; reload by SIGHUP instead"))
            .ok();
        let mut watch = Self { watcher, directories: Vec::new(), names, changes };
        watch.follow(files);
        watch
    }

    /// Watches `files` instead of those before.
    pub fn follow(&mut self, files: &[PathBuf]) {
        // A link is watched at both ends: it may be replaced, and what it leads to may be written.
        let targets = files.iter().filter_map(|file| file.canonicalize().ok());
        let files: Vec<PathBuf> = files.iter().cloned().chain(targets).collect();
        self.names.set(&files);
        let Some(watcher) = &mut self.watcher else { return };
        let mut directories: Vec<PathBuf> = files.iter().filter_map(|file| directory_of(file)).collect();
        directories.sort();
        directories.dedup();
        for gone in self.directories.iter().filter(|old| !directories.contains(old)) {
            let _ = watcher.unwatch(gone);
        }
        directories.retain(|directory| {
            if self.directories.contains(directory) {
                return true;
            }
            let watched = watcher.watch(directory, RecursiveMode::NonRecursive);
            if let Err(error) = &watched {
                tracing::warn!(directory = %directory.display(), %error, "cannot be watched; reload by SIGHUP instead");
            }
            watched.is_ok()
        });
        self.directories = directories;
    }

    /// Waits until something has changed, and then been quiet.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // The watcher could not start: nothing will ever change.
            std::future::pending::<()>().await;
        }
        while tokio::time::timeout(QUIET, self.changes.recv()).await.is_ok_and(|change| change.is_some()) {}
    }
}

fn directory_of(file: &Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}
