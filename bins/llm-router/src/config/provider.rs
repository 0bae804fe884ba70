//! `[providers.NAME]`: who answers, where, and with which key.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http_url::HttpUrl;
use super::secret::Secret;

/// Which wire format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenAI itself.
    Openai,
    /// Anthropic, the Messages API.
    Anthropic,
    /// OpenRouter.
    Openrouter,
    /// Anything that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp. A key is optional.
    OpenaiCompatible,
}

impl ProviderKind {
    /// The name of the kind, as `router-providers` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Openrouter => "openrouter",
            Self::OpenaiCompatible => "openai_compatible",
        }
    }

    /// Where that provider is, unless configured otherwise; none for what has no home.
    #[must_use]
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("https://api.openai.com/v1"),
            // As Anthropic's own SDKs have it: without the version.
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Openrouter => Some("https://openrouter.ai/api/v1"),
            Self::OpenaiCompatible => None,
        }
    }
}

/// An instance that exists without being configured, and the variables that configure it.
#[derive(Debug, Clone, Copy)]
pub struct WellKnown {
    /// The instance's name.
    pub name: &'static str,
    /// Its kind.
    pub kind: ProviderKind,
    /// The variable that holds its key.
    pub key_variable: &'static str,
    /// The variable that moves it elsewhere.
    pub url_variable: &'static str,
}

impl WellKnown {
    /// All three.
    pub const ALL: [Self; 3] = [
        Self {
            name: "openai",
            kind: ProviderKind::Openai,
            key_variable: "OPENAI_API_KEY",
            url_variable: "OPENAI_BASE_URL",
        },
        Self {
            name: "anthropic",
            kind: ProviderKind::Anthropic,
            key_variable: "ANTHROPIC_API_KEY",
            url_variable: "ANTHROPIC_BASE_URL",
        },
        Self {
            name: "openrouter",
            kind: ProviderKind::Openrouter,
            key_variable: "OPENROUTER_API_KEY",
            url_variable: "OPENROUTER_BASE_URL",
        },
    ];

    /// The one with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name == name)
    }
}

/// A provider as the file describes it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSection {
    /// Which wire format it speaks. `openai`, `anthropic` and `openrouter` need not say.
    pub kind: Option<ProviderKind>,
    /// Where it is; required for `openai_compatible`.
    pub base_url: Option<HttpUrl>,
    /// The variable (environment or `.env`) that holds its key.
    pub api_key_env: Option<String>,
    /// A file that holds its key and nothing else.
    pub api_key_file: Option<PathBuf>,
    /// Models it serves that no catalogue describes, by the provider's names for them: unpriced, of unmeasured quality.
    pub models: Vec<String>,
}

/// A provider as it is in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provider {
    /// Which wire format it speaks.
    pub kind: ProviderKind,
    /// Where it is.
    pub base_url: HttpUrl,
    /// Its key.
    #[serde(skip)]
    pub api_key: Option<Secret>,
    /// The variable that its key comes from, or would: what to name when there is none.
    #[serde(skip)]
    pub key_variable: Option<String>,
    /// Models it serves that no catalogue describes, by the provider's names for them.
    pub models: Vec<String>,
}

impl Provider {
    /// Whether it can be asked: it has its key, or needs none.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.api_key.is_some() || self.kind == ProviderKind::OpenaiCompatible
    }
}
