//! `llm-router check`: validates offline, and shows what is in force and where it comes from.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;

use crate::catalogue;
use crate::cli::CheckArgs;
use crate::config::Loaded;
use crate::config::load;
use crate::config::origin::{Origin, Origins};
use crate::config::sources::Sources;
use crate::{store, values, wire};

/// Where the comments begin: behind most values.
const COMMENT_COLUMN: usize = 48;

/// Prints the configuration in force, or everything that is wrong with it.
///
/// # Errors
/// `out` cannot be written to, or the database cannot be read where it is asked.
pub fn run(arguments: CheckArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut sources = Sources { file: arguments.config.config, ..Sources::of_process() };
    let mut loaded = load(&sources);
    if let Ok(Loaded { config, .. }) = &loaded
        && arguments.effective
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
        sources.overrides = runtime.block_on(async { anyhow::Ok(store::open(config).await?.overrides().await?) })?;
        loaded = load(&sources);
    }
    let mut loaded = match loaded {
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
    for (name, values) in values::sections(config)? {
        add_section(&mut text, &name, &values, origins);
    }
    for (id, change) in &config.changed_models {
        add_section(&mut text, &format!("models.{id}"), &values::of_model(*change), origins);
    }
    text.push('\n');
    if !config.providers.values().any(|provider| provider.is_configured()) && !config.demo {
        text += "# warning: no provider has a key: dry runs are answered, executions are not\n";
    }
    for warning in warnings {
        text += &format!("# warning: {warning}\n");
    }
    Ok(text)
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
