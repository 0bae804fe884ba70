//! The server and command line of LLM Router.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use llm_router::check;
use llm_router::cli::{Cli, Command};
use llm_router::config::schema;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do if that cannot be written either.
            let _ = writeln!(std::io::stderr(), "llm-router: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match cli.command {
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::ConfigSchema => {
            out.write_all(schema::text()?.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
