//! `llm-router models`: the registry as it is in force.

use std::io::Write;
use std::process::ExitCode;

use router_core::model::Model;
use router_core::registry::Registry;

use crate::catalogue;
use crate::cli::ModelsArgs;
use crate::config::load;
use crate::config::sources::Sources;

/// Prints the models as a table, or as JSON.
///
/// # Errors
/// The configuration or the models are not valid, or `out` cannot be written to.
pub fn run(arguments: ModelsArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let config = load(&Sources { file: arguments.config.config, ..Sources::of_process() })?.config;
    let registry = catalogue::read(&config)?;
    if arguments.json {
        let models: Vec<&Model> = registry.models().iter().map(AsRef::as_ref).collect();
        serde_json::to_writer_pretty(&mut *out, &models)?;
        writeln!(out)?;
    } else {
        table(&registry, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(registry: &Registry, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "{:<36} {:<12} {:>10} {:>10} {:>9} {:>7}  notes",
        "model", "provider", "$/M in", "$/M out", "context", "quality"
    )?;
    for model in registry.models() {
        let price = |dollars: Option<f64>| dollars.map_or_else(|| "unpriced".to_owned(), |dollars| dollars.to_string());
        let base = model.price.as_ref().map(|price| &price.base);
        writeln!(
            out,
            "{:<36} {:<12} {:>10} {:>10} {:>9} {:>7.2}  {}",
            model.id.as_str(),
            model.provider.as_str(),
            price(base.map(|rates| rates.input.dollars())),
            price(base.map(|rates| rates.output.dollars())),
            model.context_tokens.0,
            mean_quality(model),
            notes(model)
        )?;
    }
    Ok(())
}

fn mean_quality(model: &Model) -> f32 {
    let figures: Vec<f32> = model.quality.0.iter().flatten().map(|prior| prior.mean).collect();
    figures.iter().sum::<f32>() / figures.len().max(1) as f32
}

fn notes(model: &Model) -> String {
    let mut notes = Vec::new();
    if !model.is_active {
        notes.push("inactive".to_owned());
    }
    if let Some(date) = model.shutdown_date {
        notes.push(format!("shuts down {date}"));
    }
    if model.quality.0.iter().flatten().any(|prior| !prior.measured) {
        notes.push("quality unmeasured".to_owned());
    }
    notes.join(", ")
}
