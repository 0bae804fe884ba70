//! `llm-router check`: validates offline, and shows what is in force and where it comes from.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use crate::catalogue;
use crate::cli::ConfigArgs;
use crate::config::load;
use crate::config::origin::{Origin, Origins};
use crate::config::sources::Sources;
use crate::config::{Config, Loaded};
use crate::wire;

/// Where the comments begin: behind most values.
const COMMENT_COLUMN: usize = 48;

/// Prints the configuration in force, or everything that is wrong with it.
///
/// # Errors
/// `out` cannot be written to.
pub fn run(arguments: ConfigArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let sources = Sources { file: arguments.config, ..Sources::of_process() };
    let mut loaded = match load(&sources) {
        Ok(loaded) => loaded,
        Err(errors) => {
            writeln!(out, "{errors}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    // What the server does before it listens: the catalogues and the providers have errors of their own.
    match wire::snapshot(&loaded.config, None) {
        Ok(snapshot) => loaded.warnings.extend(catalogue::warnings(&loaded.config, &snapshot.registry)),
        Err(error) => {
            writeln!(out, "{error:#}")?;
            return Ok(ExitCode::FAILURE);
        }
    }
    out.write_all(report(&loaded)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What is in force, as TOML, each value with where it comes from; then the warnings.
///
/// # Errors
/// A value cannot be written as TOML.
pub fn report(loaded: &Loaded) -> anyhow::Result<String> {
    let Loaded { config, warnings, origins, .. } = loaded;
    let mut text = String::from("# The configuration is valid. In force, and where each value comes from:\n");
    let mut section = |name: &str, values: toml::Table| add_section(&mut text, name, &values, origins);
    section("server", table(&config.server)?);
    let mut auth = table(&config.auth)?;
    for (name, secret) in config.secrets.named() {
        let shown = if secret.is_some() { "(set, not shown)" } else { "(not set)" };
        auth.insert(name.to_lowercase(), shown.into());
    }
    section("auth", auth);
    section("data", data(config)?);
    for (name, provider) in &config.providers {
        let mut values = table(provider)?;
        let key = if provider.api_key.is_some() { "(set, not shown)" } else { "(not set)" };
        values.insert("api_key".to_owned(), key.into());
        section(&format!("providers.{name}"), values);
    }
    section("models", table(&config.models)?);
    section("routing", table(&config.routing)?);
    section("failover", table(&config.failover)?);
    section("deadlines", table(&config.deadlines)?);
    section("cache", table(&config.cache)?);
    section("redis", redis(config)?);
    section("rate_limit", table(&config.rate_limit)?);
    section("budgets", table(&config.budgets)?);
    section("records", table(&config.records)?);
    section("log", table(&config.log)?);
    section("metrics", table(&config.metrics)?);
    text.push('\n');
    if !config.providers.values().any(|provider| provider.is_configured()) && !config.demo {
        text += "# warning: no provider has a key: dry runs are answered, executions are not\n";
    }
    for warning in warnings {
        text += &format!("# warning: {warning}\n");
    }
    Ok(text)
}

fn table(section: &impl Serialize) -> Result<toml::Table, toml::ser::Error> {
    toml::Table::try_from(section)
}

fn data(config: &Config) -> Result<toml::Table, toml::ser::Error> {
    let mut values = table(&config.data)?;
    values.insert("database".to_owned(), config.data.database.place().into());
    Ok(values)
}

fn redis(config: &Config) -> Result<toml::Table, toml::ser::Error> {
    let mut values = table(&config.redis)?;
    let url = if config.redis.url.is_some() { "(set, not shown)" } else { "(not set)" };
    values.insert("url".to_owned(), url.into());
    Ok(values)
}

fn add_section(text: &mut String, name: &str, values: &toml::Table, origins: &Origins) {
    *text += &format!("\n[{name}]\n");
    let (tables, plain): (Vec<_>, Vec<_>) = values.iter().partition(|(_, value)| value.is_table());
    for (key, value) in plain {
        let line = format!("{key} = {value}");
        let origin = origins.of(&format!("{name}.{key}"));
        *text += match origin {
            Origin::Default => format!("{line}\n"),
            origin => format!("{line:COMMENT_COLUMN$} # {origin}\n"),
        }
        .as_str();
    }
    for (key, value) in tables {
        if let toml::Value::Table(below) = value {
            add_section(text, &format!("{name}.{key}"), below, origins);
        }
    }
}
