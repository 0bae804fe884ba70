//! The server and command line of LLM Router.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use llm_router::cli::{Cli, Command};
use llm_router::config::schema;
use llm_router::{check, explain, keys, models, serve, store, users};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        // Whoever read the output has seen enough, like `head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if that cannot be written either.
            let _ = writeln!(io::stderr(), "llm-router: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match cli.command {
        Command::Serve(arguments) => {
            drop(out);
            serve::run(arguments)
        }
        Command::Explain(arguments) => explain::run(arguments, &mut out),
        Command::Models(arguments) => models::run(arguments, &mut out),
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::Keys(arguments) => keys::run(arguments, &mut out),
        Command::Users(arguments) => users::run(arguments, &mut out),
        Command::Migrate(arguments) => store::migrate(arguments, &mut out),
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
