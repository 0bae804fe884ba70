//! The server as it is shipped, with everything on.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Server;

/// What there is to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Catalogue {
    /// One model.
    One,
    /// That one, and another one whose provider speaks Anthropic's Messages.
    Two,
    /// That one and all that are shipped; the upstream answers for OpenAI and OpenRouter, so most of them are candidates.
    Shipped,
}

/// The configuration: limits out of the way, lines as in production, everything else as it is by default.
const CONFIGURATION: &str = r#"
[server]
environment = "production"
listen = "127.0.0.1:0"

[rate_limit]
requests_per_minute = 1_000_000_000
burst = 1_000_000_000

[providers.bench]
kind = "openai_compatible"
base_url = "http://UPSTREAM/v1"

[providers.anthropic]
base_url = "http://UPSTREAM"

[providers.openai]
base_url = "http://UPSTREAM/v1"

[providers.openrouter]
base_url = "http://UPSTREAM/v1"

[models]
shipped = SHIPPED
files = ["models.toml"]
"#;

const MODELS: &str = r#"
[[models]]
id = "bench-1"
provider = "bench"
contextTokens = 128_000
maxOutputTokens = 8_192
price = { input = 1.0, output = 4.0, source = "made up" }
quality = 0.6
capabilities = ["sampling_parameters"]

[[models]]
id = "bench-claude"
provider = "anthropic"
contextTokens = 128_000
maxOutputTokens = 8_192
price = { input = 1.0, output = 4.0, source = "made up" }
quality = 0.5
capabilities = ["sampling_parameters"]
"#;

/// In production nobody is let in without a key, and no key is made without a secret.
const SECRET: &str = "a-secret-of-a-benchmark-that-nobody-needs-to-guess";

/// Starts it with an empty data directory, in front of `upstream`; `shared` says where what replicas share is.
pub(crate) fn start(catalogue: Catalogue, upstream: SocketAddr, shared: &[(&str, String)]) -> anyhow::Result<Server> {
    let directory = TempDir::new()?;
    let path = directory.path();
    let shipped = catalogue == Catalogue::Shipped;
    let configuration =
        CONFIGURATION.replace("UPSTREAM", &upstream.to_string()).replace("SHIPPED", &shipped.to_string());
    fs::write(path.join("llm-router.toml"), configuration)?;
    fs::write(path.join("models.toml"), MODELS)?;
    let secrets = [("API_KEY_SECRET", SECRET), ("JWT_SECRET", SECRET)];
    let mut keys = Command::new(program()?);
    keys.args(["keys", "create", "bench", "--json"])
        .current_dir(path)
        .env_clear()
        .envs(secrets)
        .envs(shared.iter().cloned());
    let made: Value = serde_json::from_slice(&keys.output()?.stdout).context("no key could be made")?;
    let mut command = Command::new(program()?);
    command.env_clear().envs(secrets).envs(shared.iter().cloned());
    // Not beside the configuration, whose directory the server watches.
    fs::create_dir(path.join("log"))?;
    command.arg("serve").current_dir(path).stderr(File::create(path.join("log/lines"))?);
    if catalogue == Catalogue::Two {
        command.env("ANTHROPIC_API_KEY", "sk-ant-bench");
    }
    if shipped {
        // Nobody looks at them.
        command.env("OPENAI_API_KEY", "sk-bench").env("OPENROUTER_API_KEY", "sk-or-bench");
    }
    let mut server = Server::start(&mut command, Some(directory))?;
    server.key = made["key"].as_str().map(Into::into);
    Ok(server)
}

/// Cargo puts benches into `deps` beside the programs.
fn program() -> anyhow::Result<PathBuf> {
    let here = env::current_exe()?;
    let program = here.ancestors().nth(2).context("no target directory")?.join("llm-router");
    anyhow::ensure!(program.exists(), "build the server first: cargo build --release --bin llm-router");
    Ok(program)
}
