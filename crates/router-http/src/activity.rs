//! How busy a connection is: what the idle timeout looks at.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Counts a connection's requests in flight.
#[derive(Debug, Clone)]
pub(crate) struct Activity(watch::Sender<usize>);

impl Activity {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// A request begins; it ends when the value is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.0.send_modify(|requests| *requests += 1);
        InFlight(self.0.clone())
    }

    /// Returns when no request came for `first` at the beginning, or for `later` after one.
    ///
    /// The one bound on clients that send nothing, half a preface, half a header, or no second request: hyper's own
    /// header timeout starts only once it has decided which HTTP version it hears.
    pub(crate) async fn quiet(&self, first: Duration, later: Duration) {
        let mut requests = self.0.subscribe();
        let mut patience = first;
        loop {
            let idle = *requests.borrow_and_update() == 0;
            let change = requests.changed();
            if idle {
                if timeout(patience, change).await.is_err() {
                    return;
                }
                patience = later;
            } else if change.await.is_err() {
                return;
            }
        }
    }
}

/// A request in flight, until its response body has been handed over or dropped.
#[derive(Debug)]
pub(crate) struct InFlight(watch::Sender<usize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|requests| *requests = requests.saturating_sub(1));
    }
}
