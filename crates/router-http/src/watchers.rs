//! Those who watch something for as long as it goes on: so many at once, and told when the server stops.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many may watch at once: each asks the database once a second.
const MOST: usize = 32;

/// Room for those who watch.
pub(crate) struct Watchers {
    places: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Watchers {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), stopping: watch::Sender::new(false) }
    }

    /// A place for one more, until it is dropped; `None` where all are taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Turns true when the server stops: watching would never end by itself.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Tells all of them to end.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }
}
