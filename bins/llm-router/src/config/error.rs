//! What is wrong with a configuration: everything at once.

use std::fmt;
use std::path::PathBuf;

use super::origin::Origin;

/// One thing that is wrong. Only whoever runs the server can act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file or `.env` is not there, not text, or not ours to read.
    #[error("{path}: cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system said.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{origin}: {message}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser says.
        message: String,
    },
    /// A line of `.env` is not an assignment. Its text is not repeated: it may hold a key.
    #[error(".env:{line}: not an assignment; write NAME=value, with quotes around a value that has spaces")]
    DotEnv {
        /// The line, from 1.
        line: usize,
    },
    /// A value is not allowed, or there is no such field.
    #[error("{origin}: {field}: {message}")]
    Value {
        /// Where.
        origin: Origin,
        /// The field's path in the file, or the variable.
        field: String,
        /// What is wrong, and what is allowed. Never the value of a secret.
        message: String,
    },
}

impl ConfigError {
    /// The line of the configuration file that it is about; what is about no line comes last.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Syntax { origin: Origin::File { line, .. }, .. } => *line,
            Self::Value { origin: Origin::File { line, .. }, .. } => *line,
            _ => usize::MAX,
        }
    }

    /// Whether it is about something in `section`.
    pub(super) fn is_about(&self, section: &str) -> bool {
        matches!(self, Self::Value { field, .. } if field.split('.').next() == Some(section))
    }

    /// A value that is not allowed.
    pub(super) fn value(origin: Origin, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Value { origin, field: field.into(), message: message.into() }
    }
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// At least one thing.
    pub errors: Vec<ConfigError>,
    /// The files that were read or looked for: a change of one may mend it.
    pub watched: Vec<PathBuf>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = &self.errors;
        write!(f, "the configuration has {} error{}:", errors.len(), if errors.len() == 1 { "" } else { "s" })?;
        errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}
