//! What one instance of a provider is configured with.

use std::fmt;

use router_core::id::ProviderId;
use secrecy::SecretString;

/// One configured instance.
///
/// Its `Debug` shows names alone: values of headers may be as secret as the key.
#[derive(Clone)]
#[non_exhaustive]
pub struct InstanceConfig {
    /// How the router calls it: `openai`, `ollama-on-gpu-1`.
    pub id: ProviderId,
    /// Where it is; `None` is the kind's own address.
    pub base_url: Option<String>,
    /// Its key.
    pub api_key: Option<SecretString>,
    /// Headers to send with every request: name and value. They win over the router's own.
    pub headers: Vec<(String, SecretString)>,
}

impl InstanceConfig {
    /// An instance at the kind's own address, without a key.
    #[must_use]
    pub fn new(id: impl Into<ProviderId>) -> Self {
        Self { id: id.into(), base_url: None, api_key: None, headers: Vec::new() }
    }

    /// The same at another address.
    #[must_use]
    pub fn with_base_url(self, base_url: impl Into<String>) -> Self {
        Self { base_url: Some(base_url.into()), ..self }
    }

    /// The same with a key.
    #[must_use]
    pub fn with_api_key(self, api_key: impl Into<SecretString>) -> Self {
        Self { api_key: Some(api_key.into()), ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for InstanceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("InstanceConfig")
            .field("id", &self.id)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "[redacted]"))
            .field("headers", &headers)
            .finish()
    }
}

/// Why an instance cannot be set up. All of these are for the operator, at start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The base URL cannot be used. The URL itself is not repeated: it may hold a password.
    #[error("the base URL cannot be used: {why}")]
    BaseUrl {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The kind has no address of its own.
    #[error("providers of kind {kind} need a base URL")]
    NoBaseUrl {
        /// The kind's name.
        kind: &'static str,
    },
    /// The kind answers nobody without a key.
    #[error("providers of kind {kind} need an API key")]
    NoKey {
        /// The kind's name.
        kind: &'static str,
    },
    /// The key holds characters that no header can carry, such as a line break at its end.
    #[error("the API key holds characters that cannot be sent; check for line breaks and spaces")]
    Key,
    /// A header cannot be sent.
    #[error("the header {name:?} cannot be sent: {why}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The HTTP client cannot start: no TLS roots on this machine, for example.
    #[error("the HTTP client cannot start: {0}")]
    Client(String),
}
