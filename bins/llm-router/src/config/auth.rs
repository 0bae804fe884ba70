//! `[auth]`: who is let in. The secrets never stand in the file: they are variables, or files that variables name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// The fewest characters of a secret: as many as a SHA-256 has bytes.
pub const SHORTEST_SECRET: usize = 32;

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Whether callers of this machine need no credentials, where the server listens on a loopback address and is not in
    /// production.
    pub anonymous_loopback: bool,
    /// Who signs the tokens (JWT) that are accepted: their `iss`.
    pub issuer: String,
    /// For whom tokens for the API are signed: their `aud`.
    pub audience: String,
}

impl Default for Auth {
    fn default() -> Self {
        Self { anonymous_loopback: true, issuer: "llm-router".to_owned(), audience: "llm-router/api".to_owned() }
    }
}

/// What credentials are proved with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuthSecrets {
    /// `API_KEY_SECRET`: digests of API keys are made with it.
    pub api_key: Option<Secret>,
    /// `API_KEY_SECRET_PREVIOUS`: digests made with it are still accepted.
    pub api_key_previous: Option<Secret>,
    /// `JWT_SECRET`: tokens and sessions are signed with it.
    pub jwt: Option<Secret>,
    /// `METRICS_TOKEN`: lets a scraper read the metrics.
    pub metrics_token: Option<Secret>,
}

impl AuthSecrets {
    /// Each with its variable.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, &Option<Secret>); 4] {
        [
            ("API_KEY_SECRET", &self.api_key),
            ("API_KEY_SECRET_PREVIOUS", &self.api_key_previous),
            ("JWT_SECRET", &self.jwt),
            ("METRICS_TOKEN", &self.metrics_token),
        ]
    }
}
