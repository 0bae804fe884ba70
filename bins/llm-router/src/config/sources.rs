//! What a configuration is read from, and the variables among it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use router_store::overrides::Override;

use super::error::ConfigError;
use super::origin::Origin;

/// What a configuration is read from. Kept, so that it can be read again.
#[derive(Clone, Default)]
pub struct Sources {
    /// Where relative paths start, and `.env` and `llm-router.toml` are looked for; empty for the working directory.
    pub directory: PathBuf,
    /// The file named on the command line.
    pub file: Option<PathBuf>,
    /// The address named on the command line.
    pub listen: Option<SocketAddr>,
    /// Simulated providers, and nothing of a real installation.
    pub demo: bool,
    /// The process's environment.
    pub environment: BTreeMap<String, String>,
    /// What administrators changed, from the database.
    pub overrides: Vec<Override>,
}

impl fmt::Debug for Sources {
    /// Without the environment, which holds keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, file, listen, demo, overrides, environment: _ } = self;
        let mut shown = f.debug_struct("Sources");
        shown.field("directory", directory).field("file", file).field("listen", listen).field("demo", demo);
        shown.field("overrides", overrides);
        shown.finish_non_exhaustive()
    }
}

impl Sources {
    /// From the process's environment and working directory. Variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { environment: std::env::vars_os().filter_map(text).collect(), ..Self::default() }
    }
}

/// The value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Not set.
    Unset,
    /// Set to nothing, or to what a template says; counts as unset.
    Placeholder,
    /// Set.
    Set(&'a str),
}

/// The variables of the environment and of `.env`. One that the environment has hides that of `.env`, also when it is
/// empty: that is how a variable is switched off for one run.
#[derive(Default)]
pub(super) struct Variables {
    environment: BTreeMap<String, String>,
    dot_env: BTreeMap<String, String>,
}

impl Variables {
    /// Reads `.env`, if there is one, beside the environment. Does not change the process's environment.
    pub(super) fn read(sources: &Sources, errors: &mut Vec<ConfigError>) -> Self {
        let path = sources.directory.join(".env");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let path = path.display().to_string();
                errors.push(ConfigError::Unreadable { path, reason: error.to_string() });
                String::new()
            }
        };
        Self { environment: sources.environment.clone(), dot_env: parse(&text, errors) }
    }

    pub(super) fn value(&self, name: &str) -> Value<'_> {
        match self.environment.get(name).or_else(|| self.dot_env.get(name)).map(|text| text.trim()) {
            None => Value::Unset,
            Some(text) if is_placeholder(text) => Value::Placeholder,
            Some(text) => Value::Set(text),
        }
    }

    /// Where the variable's value comes from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        if self.environment.contains_key(name) {
            Origin::Environment(name.to_owned())
        } else {
            Origin::DotEnv(name.to_owned())
        }
    }
}

/// What templates put where a value belongs.
fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.is_empty()
        || ["your_", "your-", "changeme", "change_me", "change-me"].iter().any(|start| text.starts_with(start))
}

fn parse(text: &str, errors: &mut Vec<ConfigError>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let text = text.trim_start_matches('\u{feff}');
    for assignment in dotenvy::from_read_iter(text.as_bytes()) {
        match assignment {
            Ok((name, value)) => {
                variables.insert(name, value);
            }
            Err(dotenvy::Error::LineParse(wrong, _)) => {
                // An unclosed quote swallows the rest of the file; it begins where the fault is.
                let begins = wrong.trim().lines().next().unwrap_or_default();
                let line = text.lines().position(|line| line.trim() == begins.trim()).map_or(1, |line| line + 1);
                errors.push(ConfigError::DotEnv { line });
            }
            // Reading from memory does not fail otherwise.
            Err(_) => errors.push(ConfigError::DotEnv { line: 1 }),
        }
    }
    variables
}
