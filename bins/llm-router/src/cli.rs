//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Routes each prompt to the model with the best trade-off of quality, cost and latency.
#[derive(Debug, Parser)]
#[command(name = "llm-router", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Serve(ServeArgs),
    /// Print whom the router would ask, and why, without asking anyone
    Explain(ExplainArgs),
    /// List the models in force
    Models(ModelsArgs),
    /// Validate the configuration offline, and show what is in force and where it comes from
    Check(ConfigArgs),
    /// Print the JSON Schema of the configuration file
    ConfigSchema,
    /// Print the OpenAPI document of the HTTP API
    Openapi,
}

/// Which configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// The configuration file [default: ./llm-router.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Listen here, whatever the configuration says
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Simulate the providers, with data of its own: no keys needed, nothing is billed
    #[arg(long)]
    pub demo: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The prompt to decide about
    pub prompt: String,
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Weight of being cheap
    #[arg(long, value_name = "NUMBER")]
    pub cost_weight: Option<f64>,
    /// Weight of being fast
    #[arg(long, value_name = "NUMBER")]
    pub latency_weight: Option<f64>,
    /// Weight of being good
    #[arg(long, value_name = "NUMBER")]
    pub quality_weight: Option<f64>,
    /// As JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `models`.
#[derive(Debug, Clone, Default, Args)]
pub struct ModelsArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// As JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[derive(Parser)]
    struct Only<T: Args> {
        #[command(flatten)]
        arguments: T,
    }

    fn parse<T: Args>(words: &[&str]) -> Result<T, clap::Error> {
        Only::<T>::try_parse_from(std::iter::once(&"llm-router").chain(words)).map(|only| only.arguments)
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_takes_file_address_and_demo() {
        let serve: ServeArgs = parse(&["--config", "a.toml", "--listen", "[::1]:80", "--demo"]).unwrap();
        assert_eq!(serve.config.config, Some("a.toml".into()));
        assert_eq!((serve.listen, serve.demo), (Some("[::1]:80".parse().unwrap()), true));
        assert!(parse::<ServeArgs>(&["--listen", "3000"]).is_err());
    }

    #[test]
    fn explain_takes_a_prompt_and_weights() {
        let explain: ExplainArgs = parse(&["Hello", "--cost-weight", "0.5", "--json"]).unwrap();
        assert_eq!((&*explain.prompt, explain.cost_weight, explain.json), ("Hello", Some(0.5), true));
        assert!(parse::<ExplainArgs>(&[]).is_err());
    }
}
