//! What the server runs with: read from the file, `.env`, the environment and the command line, checked as a whole.
//!
//! Reading goes through the parts in this order: `sources` collects what there is, `file` reads the file, `variables`
//! lays the variables over it, `overrides` what administrators changed, `provide` finds keys and addresses of providers,
//! `validate` looks at all of it together. Every value keeps its `origin`; every part adds its errors to one list.

pub mod auth;
pub mod duration_text;
pub mod error;
pub mod failover;
pub mod file;
pub mod http_url;
pub mod limits;
pub mod observe;
pub mod origin;
pub mod overrides;
mod provide;
pub mod provider;
pub mod records;
pub mod redis;
pub mod routing;
pub mod schema;
pub mod secret;
pub mod server;
pub mod size_text;
pub mod sources;
mod suggest;
mod text_value;
mod validate;
pub mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use router_core::id::{ModelId, ProviderId};

use auth::{Auth, AuthSecrets};
use error::{ConfigError, ConfigErrors};
use failover::{Deadlines, Failover};
use file::ConfigFile;
use limits::{Budgets, Cache, RateLimit};
use observe::{Log, LogFormat, Metrics};
use origin::{Origin, Origins};
use overrides::ModelChange;
use provider::Provider;
use records::{Data, Database, Records};
use redis::Redis;
use router_core::grants::KeepText;
use routing::{Models, Routing};
use server::{Environment, Server};
use sources::{Sources, Variables};

/// The file that is read when none is named, if it exists.
const DEFAULT_FILE: &str = "llm-router.toml";

/// Where a demonstration keeps its records: never among those of a real installation.
const DEMO_DIRECTORY: &str = "./data/demo";

/// What the server runs with. Valid as a whole, except for the contents of the catalogues that it names.
/// Two are equal if a reload would change nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Simulated providers: every answer is marked.
    pub demo: bool,
    /// Where the server listens, for whom, and how much it takes.
    pub server: Server,
    /// Who is let in.
    pub auth: Auth,
    /// What credentials are proved with.
    pub secrets: AuthSecrets,
    /// Where things are kept.
    pub data: Data,
    /// Who answers; the well-known three are always there, with or without a key. None in a demonstration.
    pub providers: BTreeMap<ProviderId, Provider>,
    /// Which models there are.
    pub models: Models,
    /// What administrators changed of them.
    pub changed_models: BTreeMap<ModelId, ModelChange>,
    /// What matters where a caller does not say.
    pub routing: Routing,
    /// What happens when a provider fails.
    pub failover: Failover,
    /// How long to wait for a provider.
    pub deadlines: Deadlines,
    /// What is remembered.
    pub cache: Cache,
    /// What replicas share for a while.
    pub redis: Redis,
    /// How often a caller may ask.
    pub rate_limit: RateLimit,
    /// What budgets pay for.
    pub budgets: Budgets,
    /// Which records are kept, and how safely.
    pub records: Records,
    /// What is logged.
    pub log: Log,
    /// What is measured.
    pub metrics: Metrics,
}

impl Config {
    /// How messages are written.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        self.log.format.unwrap_or(match self.server.environment {
            Environment::Production => LogFormat::Json,
            Environment::Development | Environment::Test => LogFormat::Pretty,
        })
    }

    /// The sections in which `new` differs in something that a running server cannot change.
    #[must_use]
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let changed = [
            ("server", self.server != new.server),
            ("auth", (&self.auth, &self.secrets) != (&new.auth, &new.secrets)),
            ("data", self.data != new.data),
            ("cache (ttl, max_size)", (self.cache.ttl, self.cache.max_size) != (new.cache.ttl, new.cache.max_size)),
            ("redis", self.redis != new.redis),
            ("rate_limit.max_callers", self.rate_limit.max_callers != new.rate_limit.max_callers),
            ("records (journal_limit, journal_fsync, retention_days)", self.records.kept() != new.records.kept()),
            ("log", self.log != new.log),
            ("metrics", self.metrics != new.metrics),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(section, _)| section).collect()
    }
}

/// A configuration, and what there is to say about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// What somebody should know, a sentence each, without secrets.
    pub warnings: Vec<String>,
    /// Where each value comes from.
    pub origins: Origins,
    /// The files that were read or looked for: a change of one is a reason to load again.
    pub watched: Vec<PathBuf>,
}

/// Reads the configuration. Can be called again at any time; nothing of the process is changed.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigErrors> {
    let mut errors = Vec::new();
    let mut origins = Origins::default();
    let path = sources.directory.join(sources.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE)));
    let mut file = read_file(sources, &path, &mut origins, &mut errors);
    let variables = Variables::read(sources, &mut errors);
    let mut warnings = variables::apply(&variables, sources.demo, &mut file, &mut origins, &mut errors);
    if let Some(listen) = sources.listen {
        file.server.listen = listen;
        origins.set("server.listen", Origin::CommandLine("--listen"));
    }
    let changed_models = overrides::apply(&sources.overrides, &mut file, &mut origins, &mut errors);
    locate(&mut file, &path, &sources.directory, &origins);
    let mut scope = provide::Scope { variables: &variables, origins: &mut origins, errors: &mut errors };
    if sources.demo {
        scope.errors.retain(|error| !error.is_about("providers"));
        demonstrate(&mut file, &sources.directory, scope.origins);
    } else {
        scope.database(&mut file.data, &sources.directory);
        scope.redis(&mut file.redis);
    }
    scope.text_secret(&mut file.records);
    scope.grafana(&mut file.metrics, &mut warnings);
    let mut watched = vec![path, sources.directory.join(".env")];
    watched.extend(file.models.files.iter().cloned());
    watched.extend(file.providers.values().filter_map(|section| section.api_key_file.clone()));
    let providers = if sources.demo { BTreeMap::new() } else { scope.providers(std::mem::take(&mut file.providers)) };
    let secrets = if sources.demo { AuthSecrets::default() } else { scope.secrets(&sources.directory) };
    let config = Config { changed_models, ..assemble(file, providers, secrets, sources.demo) };
    validate::check(&config, &origins, &mut errors);
    if errors.is_empty() {
        return Ok(Loaded { config, warnings, origins, watched });
    }
    errors.sort_by_key(ConfigError::line);
    Err(ConfigErrors { errors, watched })
}

fn read_file(sources: &Sources, path: &Path, origins: &mut Origins, errors: &mut Vec<ConfigError>) -> ConfigFile {
    match std::fs::read_to_string(path) {
        Ok(text) => file::read(path, &text, origins, errors),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && sources.file.is_none() => ConfigFile::default(),
        Err(error) => {
            errors.push(ConfigError::Unreadable { path: path.display().to_string(), reason: error.to_string() });
            ConfigFile::default()
        }
    }
}

/// Paths in the file start at the file, so that it means the same wherever the server is started.
fn locate(file: &mut ConfigFile, path: &Path, directory: &Path, origins: &Origins) {
    let beside = path.parent().unwrap_or(directory);
    let data = if origins.is_set("data.dir") { beside } else { directory };
    file.data.dir = data.join(&file.data.dir);
    file.data.database = Database::Sqlite(file.data.dir.join("llm-router.db"));
    let keys = file.providers.values_mut().filter_map(|section| section.api_key_file.as_mut());
    for named in file.models.files.iter_mut().chain(keys) {
        *named = beside.join(&*named);
    }
}

/// Nothing of a real installation: other records, no keys, and the texts kept, so that there is something to see.
fn demonstrate(file: &mut ConfigFile, directory: &Path, origins: &mut Origins) {
    file.data.dir = directory.join(DEMO_DIRECTORY);
    file.data.database = Database::Sqlite(file.data.dir.join("llm-router.db"));
    origins.set("data.dir", Origin::CommandLine("--demo"));
    file.providers.clear();
    if !origins.is_set("records.text") {
        file.records.text = KeepText::Whole;
        origins.set("records.text", Origin::CommandLine("--demo"));
    }
}

fn assemble(file: ConfigFile, providers: BTreeMap<ProviderId, Provider>, secrets: AuthSecrets, demo: bool) -> Config {
    let ConfigFile {
        server, auth, data, providers: _, models, routing, failover, deadlines, cache, rate_limit, ..
    } = file;
    let (records, log, metrics) = (file.records, file.log, file.metrics);
    let (redis, budgets) = (file.redis, file.budgets);
    Config {
        demo,
        server,
        auth,
        secrets,
        data,
        providers,
        models,
        changed_models: BTreeMap::new(),
        routing,
        failover,
        deadlines,
        cache,
        redis,
        rate_limit,
        budgets,
        records,
        log,
        metrics,
    }
}
