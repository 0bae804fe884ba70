//! `[server]`: where it listens, for whom, and how much it takes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::http_url::HttpUrl;
use super::{duration_text, size_text, text_value};

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// On a developer's machine: logs for people.
    #[default]
    Development,
    /// Under test; as development.
    Test,
    /// In production: logs for machines.
    Production,
}

/// Where the server listens, for whom, and how much it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// What kind of installation this is.
    pub environment: Environment,
    /// Address and port to listen on.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Address and port where administration and metrics are, and everything else too; `listen` has neither then.
    #[serde(deserialize_with = "optional_address")]
    #[schemars(with = "Option<String>")]
    pub admin_listen: Option<SocketAddr>,
    /// Allows `listen` to be an address that others can reach, although callers are not authenticated yet.
    pub allow_unauthenticated_network: bool,
    /// The address people use, where it is not `listen` (a reverse proxy); its host and origin are allowed.
    pub app_url: Option<HttpUrl>,
    /// Host names the server answers to beside the loopback names and `listen`; without port.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages that may call the API beside the server's own.
    pub allowed_origins: Vec<HttpUrl>,
    /// The largest request body.
    #[serde(with = "size_text")]
    #[schemars(with = "size_text::Text")]
    pub body_limit: u64,
    /// The largest request head; at least 8KiB.
    #[serde(with = "size_text")]
    #[schemars(with = "size_text::Text")]
    pub head_limit: u64,
    /// The most headers in a request.
    pub header_count_limit: NonZeroU32,
    /// Open connections; those beyond it wait.
    pub connection_limit: NonZeroU32,
    /// Concurrent requests on one HTTP/2 connection.
    pub stream_limit: NonZeroU32,
    /// From accepting a connection to the end of the first request's headers.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub header_timeout: Duration,
    /// From the end of the headers to the end of the body.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub body_timeout: Duration,
    /// How long a connection may stay open without a request in flight.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub idle_timeout: Duration,
    /// How long a stream waits for a model to begin before its 200 goes out, with comments until the model does.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub early_response_after: Duration,
    /// A stream that has nothing to say for this long sends a comment.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub keep_alive: Duration,
    /// How long a connection may take nothing of what is to be written to it.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub write_timeout: Duration,
    /// How long requests in flight may take to finish after the server was told to stop.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub shutdown_deadline: Duration,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let expected = r#"an IP address and a port, like "127.0.0.1:3000""#;
    text_value::read(deserializer, expected, |text| {
        text.parse().map_err(|_| format!("`{text}` is not an address to listen on; write {expected}"))
    })
}

fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    address(deserializer).map(Some)
}

/// A number that is known not to be zero when the program is compiled.
pub(super) const fn count(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            environment: Environment::default(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000),
            admin_listen: None,
            allow_unauthenticated_network: false,
            app_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            // A 200,000-token prompt is about 1 MB of JSON; the rest is room for images in base64.
            body_limit: 10 << 20,
            head_limit: 32 << 10,
            header_count_limit: count(100),
            connection_limit: count(4096),
            stream_limit: count(250),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            // Longer than the 60 s after which common load balancers drop an idle connection: they close first.
            idle_timeout: Duration::from_secs(75),
            // Most models begin within it, and no client or proxy in common use gives up sooner.
            early_response_after: Duration::from_secs(10),
            // Well under the 60 s after which common proxies cut a silent response.
            keep_alive: Duration::from_secs(15),
            // A caller who is slow reads something in that time; one who is gone reads nothing.
            write_timeout: Duration::from_secs(300),
            shutdown_deadline: Duration::from_secs(30),
        }
    }
}
