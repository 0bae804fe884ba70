//! What administrators changed while the server ran: laid over the file, the variables and the command line.
//!
//! Kept by path in the database: `routing.cost_weight` for a value of the file, `models.MODEL.priority` for one of a catalogue.

use std::collections::BTreeMap;

use router_core::id::ModelId;
use router_store::overrides::Override;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ConfigError;
use super::file::ConfigFile;
use super::origin::{Origin, Origins};
use super::suggest;

/// The sections of which every plain value can be changed while the server runs.
const SECTIONS: [&str; 5] = ["routing", "failover", "deadlines", "rate_limit", "budgets"];

/// The other values that can be.
const VALUES: [&str; 3] = ["cache.enabled", "records.text", "records.on_record_loss"];

/// Those of the sections that need a restart, or are not plain.
const NOT: [&str; 2] = ["rate_limit.max_callers", "rate_limit.models"];

/// What can be changed of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelChange {
    /// Whether it is offered.
    pub is_active: Option<bool>,
    /// Breaks ties: higher first.
    pub priority: Option<i32>,
}

/// Whether the value at `path` of the file can be changed while the server runs.
#[must_use]
pub fn is_changeable(path: &str) -> bool {
    let plain = |section: &str| path.strip_prefix(section)?.strip_prefix('.').filter(|key| !key.contains('.'));
    VALUES.contains(&path) || (!NOT.contains(&path) && SECTIONS.iter().any(|section| plain(section).is_some()))
}

/// Lays `overrides` over `file`, and returns those of models.
pub(super) fn apply(
    overrides: &[Override],
    file: &mut ConfigFile,
    origins: &mut Origins,
    errors: &mut Vec<ConfigError>,
) -> BTreeMap<ModelId, ModelChange> {
    let mut models: BTreeMap<ModelId, ModelChange> = BTreeMap::new();
    for change in overrides {
        let origin = Origin::Override { actor: change.actor.clone(), at: change.at };
        let applied = match of_model(&change.path) {
            Some((id, field)) => change_model(models.entry(id.into()).or_default(), field, &change.value),
            None => change_value(file, &change.path, &change.value),
        };
        match applied {
            Ok(()) => origins.set(change.path.clone(), origin),
            Err(problem) => errors.push(ConfigError::value(origin, change.path.clone(), problem)),
        }
    }
    models
}

/// The model and the field of a path like `models.gpt-4.1.priority`.
fn of_model(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("models.")?.rsplit_once('.')
}

fn change_model(model: &mut ModelChange, field: &str, value: &Value) -> Result<(), String> {
    match field {
        "isActive" => model.is_active = Some(value.as_bool().ok_or("must be true or false")?),
        "priority" => {
            let priority = value.as_i64().and_then(|number| i32::try_from(number).ok());
            model.priority = Some(priority.ok_or("must be a whole number")?);
        }
        _ => return Err("is nothing that can be changed of a model; isActive and priority can".to_owned()),
    }
    Ok(())
}

fn change_value(file: &mut ConfigFile, path: &str, value: &Value) -> Result<(), String> {
    if !is_changeable(path) {
        return Err("is nothing that can be changed while the server runs".to_owned());
    }
    match path.split_once('.') {
        Some(("routing", key)) => set(&mut file.routing, path, key, value),
        Some(("failover", key)) => set(&mut file.failover, path, key, value),
        Some(("deadlines", key)) => set(&mut file.deadlines, path, key, value),
        Some(("rate_limit", key)) => set(&mut file.rate_limit, path, key, value),
        Some(("budgets", key)) => set(&mut file.budgets, path, key, value),
        Some(("cache", key)) => set(&mut file.cache, path, key, value),
        Some(("records", key)) => set_records(file, path, key, value),
        _ => Err("is in no section that can be changed while the server runs".to_owned()),
    }
}

/// What is not in the file, such as a secret, does not pass through its format.
fn set_records(file: &mut ConfigFile, path: &str, key: &str, value: &Value) -> Result<(), String> {
    let secret = file.records.text_secret.take();
    let done = set(&mut file.records, path, key, value);
    file.records.text_secret = secret;
    done
}

/// Sets a value of a section as the file's format would: of the same types, in the same words.
fn set<T: Serialize + DeserializeOwned>(section: &mut T, path: &str, key: &str, value: &Value) -> Result<(), String> {
    let unreadable = |error: toml::ser::Error| error.to_string();
    let mut table = toml::Table::try_from(&*section).map_err(unreadable)?;
    table.insert(key.to_owned(), toml::Value::try_from(value).map_err(unreadable)?);
    *section = table.try_into().map_err(|error: toml::de::Error| suggest::explain(path, error.message()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn applied(path: &str, value: Value) -> (ConfigFile, BTreeMap<ModelId, ModelChange>, Vec<ConfigError>) {
        let (mut file, mut errors) = (ConfigFile::default(), Vec::new());
        let change = Override { path: path.into(), value, actor: "user:ann".into(), at: Timestamp::UNIX_EPOCH };
        let models = apply(&[change], &mut file, &mut Origins::default(), &mut errors);
        (file, models, errors)
    }

    #[test]
    fn every_changeable_value_is_one_of_the_file_and_takes_effect_at_once() {
        let file = ConfigFile::default();
        for path in VALUES {
            assert!(is_changeable(path), "{path}");
        }
        for (section, table) in [
            ("routing", toml::Table::try_from(&file.routing)),
            ("failover", toml::Table::try_from(&file.failover)),
            ("deadlines", toml::Table::try_from(&file.deadlines)),
            ("budgets", toml::Table::try_from(file.budgets)),
            ("rate_limit", toml::Table::try_from(&file.rate_limit)),
        ] {
            for (key, value) in table.unwrap() {
                let path = format!("{section}.{key}");
                if NOT.contains(&&*path) {
                    assert!(!is_changeable(&path), "{path}");
                    continue;
                }
                let (changed, _, errors) = applied(&path, serde_json::to_value(&value).unwrap());
                assert_eq!((errors, changed), (Vec::new(), ConfigFile::default()), "{path}");
            }
        }
        for path in ["server.listen", "cache.ttl", "models.shipped", "rate_limit.models.x.burst", "routing", ""] {
            assert!(!is_changeable(path), "{path}");
        }
    }

    #[test]
    fn a_value_is_read_as_the_file_is() {
        let (file, _, errors) = applied("failover.retry_delay", json!("2s"));
        assert_eq!((errors, file.failover.retry_delay), (Vec::new(), std::time::Duration::from_secs(2)));
        for (path, value) in [
            ("failover.retry_delay", json!(5)),
            ("routing.cost_weight", json!("much")),
            ("routing.cost_wait", json!(1)),
            ("rate_limit.burst", json!(0)),
            ("server.listen", json!("0.0.0.0:1")),
            ("models.gpt-4.1.price", json!(1)),
            ("models.gpt-4.1.priority", json!("high")),
            ("nonsense", json!(null)),
        ] {
            let (file, _, errors) = applied(path, value);
            assert_eq!(file, ConfigFile::default());
            assert_eq!(errors.len(), 1, "{path}");
            assert!(errors[0].to_string().contains("user:ann") && errors[0].to_string().contains(path), "{errors:?}");
        }
    }

    #[test]
    fn a_models_id_may_have_dots() {
        let (_, models, errors) = applied("models.openrouter/x/y-4.1.isActive", json!(false));
        let change = ModelChange { is_active: Some(false), priority: None };
        assert_eq!((errors, models), (Vec::new(), BTreeMap::from([("openrouter/x/y-4.1".into(), change)])));
    }
}
