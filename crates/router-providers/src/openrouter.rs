//! OpenRouter.

use std::sync::Arc;

use crate::chat_provider;
use crate::kinds::{KeyHeader, Kind};
use crate::openai_chat::Flavour;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};

/// OpenRouter. To appear in its rankings, configure the headers `HTTP-Referer` and `X-OpenRouter-Title`.
pub const KIND: Kind = Kind {
    name: "openrouter",
    base_url: Some("https://openrouter.ai/api/v1"),
    api_key_variable: Some("OPENROUTER_API_KEY"),
    base_url_variable: Some("OPENROUTER_BASE_URL"),
    key: KeyHeader::bearer(true),
    build,
};

fn build(config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    chat_provider::build(&KIND, Flavour::OpenRouter, config)
}
