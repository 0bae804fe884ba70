//! `[log]` and `[metrics]`: what the server says about itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http_url::HttpUrl;

/// The least important message that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What happens.
    Info,
    /// What someone should look at.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// As `tracing` has it.
    #[must_use]
    pub const fn tracing(self) -> tracing::Level {
        match self {
            Self::Trace => tracing::Level::TRACE,
            Self::Debug => tracing::Level::DEBUG,
            Self::Info => tracing::Level::INFO,
            Self::Warn => tracing::Level::WARN,
            Self::Error => tracing::Level::ERROR,
        }
    }
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[serde(alias = "text")]
    Pretty,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The least important message that is written.
    pub level: LogLevel,
    /// How; `json` in production and `pretty` elsewhere, unless given.
    pub format: Option<LogFormat>,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: None }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Whether `GET /api/metrics` answers.
    pub enabled: bool,
    /// A Grafana with dashboards of this server; `GET /` links to it.
    pub grafana_url: Option<HttpUrl>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { enabled: true, grafana_url: None }
    }
}
