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
    Check(CheckArgs),
    /// Make, replace, revoke and list API keys, in the configured database
    Keys(KeysArgs),
    /// Make users who log in to the dashboard, in the configured database
    Users(UsersArgs),
    /// Bring the database's tables up to date, and nothing else; the server does so at its start as well
    Migrate(ConfigArgs),
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

/// Arguments of `check`.
#[derive(Debug, Clone, Default, Args)]
pub struct CheckArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// With what administrators changed while the server ran, from the configured database
    #[arg(long)]
    pub effective: bool,
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

/// Arguments of `keys`.
#[derive(Debug, Clone, Args)]
pub struct KeysArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: KeysAction,
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// As JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum KeysAction {
    /// Make a key, and print it: this once
    Create(Box<NewKeyArgs>),
    /// Make a new key with the same grants; the old one goes on for a while
    Rotate {
        /// The public part of the old key
        id: String,
        /// How long the old key goes on
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        overlap_hours: u32,
    },
    /// Refuse a key from now on
    Revoke {
        /// The public part of the key
        id: String,
    },
    /// List all keys, without what proves them
    List,
}

/// A key to be made.
#[derive(Debug, Clone, Args)]
pub struct NewKeyArgs {
    /// What people call it
    pub name: String,
    /// Who is billed; made if there is none of that id
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// The user it belongs to
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// admin, analyst or caller
    #[arg(long, default_value = "caller")]
    pub role: String,
    /// A model it may use; can be repeated [default: all]
    #[arg(long = "model", value_name = "ID")]
    pub models: Vec<String>,
    /// A provider its prompts may be sent to; can be repeated [default: all]
    #[arg(long = "provider", value_name = "ID")]
    pub providers: Vec<String>,
    /// Prompts a minute [default: as rate_limit.requests_per_minute says]
    #[arg(long, value_name = "NUMBER")]
    pub requests_per_minute: Option<u32>,
    /// Tokens of prompts and answers a minute [default: as rate_limit.tokens_per_minute says]
    #[arg(long, value_name = "NUMBER")]
    pub tokens_per_minute: Option<u32>,
    /// Prompts under way at the same time [default: as rate_limit.concurrent says]
    #[arg(long, value_name = "NUMBER")]
    pub concurrent: Option<u32>,
    /// US dollars a day [default: unlimited]
    #[arg(long, value_name = "USD")]
    pub daily_usd: Option<f64>,
    /// US dollars a month [default: unlimited]
    #[arg(long, value_name = "USD")]
    pub monthly_usd: Option<f64>,
    /// US dollars altogether [default: unlimited]
    #[arg(long, value_name = "USD")]
    pub total_usd: Option<f64>,
    /// Cap answers, so that its budgets are never exceeded
    #[arg(long)]
    pub strict: bool,
    /// A label; can be repeated
    #[arg(long = "tag", value_name = "LABEL")]
    pub tags: Vec<String>,
    /// After how many days it expires [default: never]
    #[arg(long, value_name = "DAYS")]
    pub expires_in_days: Option<u32>,
}

/// Arguments of `users`.
#[derive(Debug, Clone, Args)]
pub struct UsersArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: UsersAction,
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// What to do with users.
#[derive(Debug, Clone, Subcommand)]
pub enum UsersAction {
    /// Make a user; the password is the first line of the standard input, or of a file
    Create {
        /// The address they log in with
        email: String,
        /// Who is billed; made if there is none of that id
        #[arg(long, default_value = "default")]
        tenant: String,
        /// admin, analyst or caller
        #[arg(long, default_value = "admin")]
        role: String,
        /// A file whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
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
