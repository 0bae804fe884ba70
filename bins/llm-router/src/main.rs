//! The server and command line of LLM Router.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use llm_router::cli::{Cli, Command};
use llm_router::config::schema;
use llm_router::{check, explain, models, serve};

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
        Command::Serve(arguments) => {
            drop(out);
            serve::run(arguments)
        }
        Command::Explain(arguments) => explain::run(arguments, &mut out),
        Command::Models(arguments) => models::run(arguments, &mut out),
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::ConfigSchema => {
            out.write_all(schema::text()?.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            serde_json::to_writer_pretty(&mut out, &router_http::openapi::openapi())?;
            writeln!(out)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
