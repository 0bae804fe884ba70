//! The configuration in force as plain values, without secrets: for `llm-router check` and for administrators.

use router_http::configuration::Setting;
use serde::Serialize;
use toml::ser::Error;

use crate::config::overrides::{ModelChange, is_changeable};
use crate::config::{Config, Loaded};

/// The sections of the file, in its order, each as it would stand there.
///
/// # Errors
/// A value cannot be written as TOML.
pub fn sections(config: &Config) -> Result<Vec<(String, toml::Table)>, Error> {
    let mut auth = table(&config.auth)?;
    for (name, secret) in config.secrets.named() {
        auth.insert(name.to_lowercase(), shown(secret.is_some()).into());
    }
    let mut data = table(&config.data)?;
    data.insert("database".to_owned(), config.data.database.place().into());
    let mut redis = table(&config.redis)?;
    redis.insert("url".to_owned(), shown(config.redis.url.is_some()).into());
    let mut sections = vec![("server".to_owned(), table(&config.server)?), ("auth".to_owned(), auth)];
    sections.push(("data".to_owned(), data));
    for (name, provider) in &config.providers {
        let mut values = table(provider)?;
        values.insert("api_key".to_owned(), shown(provider.api_key.is_some()).into());
        sections.push((format!("providers.{name}"), values));
    }
    let rest = [
        ("models", table(&config.models)?),
        ("routing", table(&config.routing)?),
        ("failover", table(&config.failover)?),
        ("deadlines", table(&config.deadlines)?),
        ("cache", table(&config.cache)?),
        ("redis", redis),
        ("rate_limit", table(&config.rate_limit)?),
        ("budgets", table(&config.budgets)?),
        ("records", table(&config.records)?),
        ("log", table(&config.log)?),
        ("metrics", table(&config.metrics)?),
    ];
    sections.extend(rest.map(|(name, values)| (name.to_owned(), values)));
    Ok(sections)
}

/// What administrators changed of a model.
#[must_use]
pub fn of_model(change: ModelChange) -> toml::Table {
    let is_active = change.is_active.map(|is_active| ("isActive".to_owned(), is_active.into()));
    let priority = change.priority.map(|priority| ("priority".to_owned(), i64::from(priority).into()));
    is_active.into_iter().chain(priority).collect()
}

/// Every value by its path, with where it comes from.
///
/// # Errors
/// A value cannot be written as TOML.
pub fn settings(loaded: &Loaded) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    for (section, values) in sections(&loaded.config)? {
        flatten(&section, values, loaded, &mut settings);
    }
    Ok(settings)
}

fn flatten(section: &str, values: toml::Table, loaded: &Loaded, settings: &mut Vec<Setting>) {
    for (key, value) in values {
        let path = format!("{section}.{key}");
        match value {
            toml::Value::Table(below) if !below.is_empty() => flatten(&path, below, loaded, settings),
            value => settings.push(Setting {
                origin: loaded.origins.of(&path).to_string(),
                is_changeable: is_changeable(&path),
                value: serde_json::to_value(value).unwrap_or_default(),
                path,
            }),
        }
    }
}

fn table(section: &impl Serialize) -> Result<toml::Table, Error> {
    toml::Table::try_from(section)
}

fn shown(is_set: bool) -> &'static str {
    if is_set { "(set, not shown)" } else { "(not set)" }
}
