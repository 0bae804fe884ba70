//! Where a value comes from: for messages, and for `llm-router check`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody said otherwise.
    #[default]
    Default,
    /// The configuration file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the `.env` file.
    DotEnv(String),
    /// A variable of the environment.
    Environment(String),
    /// An argument of the command line.
    CommandLine(&'static str),
    /// An administrator, while the server ran.
    Override {
        /// Who, as in the list of changes.
        actor: String,
        /// When.
        at: Timestamp,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::DotEnv(name) => write!(f, "{name} in .env"),
            Self::Environment(name) => write!(f, "{name} in the environment"),
            Self::CommandLine(argument) => f.write_str(argument),
            Self::Override { actor, at } => write!(f, "changed by {actor} at {at:.0}"),
        }
    }
}

/// Where each value comes from, by its path in the file (`server.listen`). What is not listed is a default.
#[derive(Debug, Clone, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Where the value at `path` comes from; of a list or table without an entry of its own, a default.
    #[must_use]
    pub fn of(&self, path: &str) -> Origin {
        self.0.get(path).cloned().unwrap_or_default()
    }

    /// Whether somebody set the value at `path`.
    #[must_use]
    pub fn is_set(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    pub(super) fn set(&mut self, path: impl Into<String>, origin: Origin) {
        self.0.insert(path.into(), origin);
    }

    /// Forgets everything at and below `path`.
    pub(super) fn forget(&mut self, path: &str) {
        self.0
            .retain(|known, _| !known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    }
}
