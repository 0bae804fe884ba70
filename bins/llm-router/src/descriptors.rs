//! Open files: each request takes two, the caller's connection and the provider's, and many systems allow 1,024 by default.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections to providers that are kept for the next request, the database, the journal, the log, the files that are
/// watched, with room to spare.
const OTHERS: u64 = 256;

/// Raises the limit of open files to what the operating system lets the process. How many of so many connections there is
/// room for then, each with one to a provider: callers beyond it had better wait than fail.
///
/// The low default is there for programs with `select`, which fails beyond it; nothing here uses that, and no child is
/// started that could.
#[must_use]
pub fn room_for(connections: usize) -> usize {
    let Some(limit) = raise() else { return connections };
    let room = usize::try_from(limit.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX).max(1);
    if room < connections {
        tracing::warn!(limit, room, "the limit of open files is too low for server.connection_limit");
    }
    room.min(connections)
}

/// Raises the limit as far as it goes; what it is then, `None` if there is none.
pub fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files cannot be raised");
            current
        }
    }
}
