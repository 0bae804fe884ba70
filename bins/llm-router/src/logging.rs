//! Where log lines go, and which.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::Config;
use crate::config::observe::LogFormat;
use crate::log_line::JsonLine;

/// The crates whose lines are written at the configured level. Libraries may quote what passes through them
/// (headers, bodies) in their debugging lines, so of theirs only warnings are written.
const OWN: [&str; 8] = [
    "llm_router",
    "router_cache",
    "router_core",
    "router_engine",
    "router_http",
    "router_providers",
    "router_sim",
    "router_store",
];

/// Writes log lines to standard error from now on.
///
/// # Errors
/// Something else in this process writes them already.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let level = LevelFilter::from_level(config.log.level.tracing());
    let which = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(OWN.into_iter().map(|name| (name, level)));
    let lines = fmt::layer().with_writer(io::stderr);
    let layer = match config.log_format() {
        LogFormat::Json => lines.event_format(JsonLine).boxed(),
        LogFormat::Pretty => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(which)).try_init()?;
    Ok(())
}
