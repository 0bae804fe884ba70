//! The models: what providers are configured to serve, the shipped catalogue, and the operator's files over both.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;
use router_core::id::{ModelId, ProviderId};
use router_core::model::Model;
use router_core::registry::{Registry, SourceFile};

use crate::config::Config;
use crate::config::overrides::ModelChange;

/// The context window assumed of a model that nobody described: what small local models have. A longer prompt goes
/// elsewhere; a shorter window answers with an error that fails over.
const ASSUMED_CONTEXT_TOKENS: u64 = 32_768;

/// Reads all models.
///
/// # Errors
/// A file cannot be read, or the models are not valid: then everything that is wrong with them, at once.
pub fn read(config: &Config) -> anyhow::Result<Registry> {
    // First, so that a catalogue that does describe such a model has the last word.
    let mut sources = vec![("models of [providers]".to_owned(), undescribed(config)?)];
    if config.models.shipped {
        let shipped = Registry::shipped_files();
        sources.extend(shipped.map(|file| (file.name.to_owned(), file.text.to_owned())));
    }
    for path in &config.models.files {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the catalogue {}", path.display()))?;
        sources.push((path.display().to_string(), text));
    }
    let files: Vec<_> = sources.iter().map(|(name, text)| SourceFile { name, text }).collect();
    let registry = Registry::parse(&files).context("the models are not valid")?;
    Ok(if config.changed_models.is_empty() { registry } else { changed(&registry, &config.changed_models) })
}

/// The models with what administrators changed of them.
fn changed(registry: &Registry, changes: &BTreeMap<ModelId, ModelChange>) -> Registry {
    Registry::new(registry.models().iter().map(|model| {
        let mut model = Model::clone(model);
        if let Some(&ModelChange { is_active, priority }) = changes.get(&model.id) {
            model.is_active = is_active.unwrap_or(model.is_active);
            model.priority = priority.unwrap_or(model.priority);
        }
        model
    }))
}

/// What somebody should know about the models, a sentence each: providers that models name and nobody configured, most
/// often by a slip of the pen. Such models are never asked.
#[must_use]
pub fn warnings(config: &Config, registry: &Registry) -> Vec<String> {
    if config.demo {
        return Vec::new();
    }
    let mut missing: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for model in registry.models().iter().filter(|model| !config.providers.contains_key(&model.provider)) {
        missing.entry(&model.provider).or_default().push(model.id.as_str());
    }
    let warning = |(provider, models): (&ProviderId, Vec<&str>)| {
        format!("there is no provider {provider}, so these models are never asked: {}", models.join(", "))
    };
    let gone = config.changed_models.keys().filter(|id| registry.get(id.as_str()).is_none());
    let gone = gone.map(|id| format!("an administrator changed the model {id}, and there is none of that id any more"));
    missing.into_iter().map(warning).chain(gone).collect()
}

/// A catalogue of the models that providers are said to serve and nobody described: `PROVIDER/NAME`, unpriced, of
/// unmeasured quality.
fn undescribed(config: &Config) -> anyhow::Result<String> {
    let mut models = Vec::new();
    for (id, provider) in &config.providers {
        for name in &provider.models {
            let mut model = toml::Table::new();
            model.insert("id".to_owned(), format!("{id}/{name}").into());
            model.insert("provider".to_owned(), id.as_str().into());
            model.insert("upstreamName".to_owned(), name.clone().into());
            model.insert("contextTokens".to_owned(), i64::try_from(ASSUMED_CONTEXT_TOKENS)?.into());
            models.push(toml::Value::Table(model));
        }
    }
    let mut file = toml::Table::new();
    if !models.is_empty() {
        file.insert("models".to_owned(), models.into());
    }
    Ok(toml::to_string(&file)?)
}
