//! OpenAI.

use std::sync::Arc;

use crate::chat_provider;
use crate::kinds::{KeyHeader, Kind};
use crate::openai_chat::Flavour;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};

/// OpenAI itself, or Azure's address that imitates it (`https://….openai.azure.com/openai/v1`).
pub const KIND: Kind = Kind {
    name: "openai",
    base_url: Some("https://api.openai.com/v1"),
    api_key_variable: Some("OPENAI_API_KEY"),
    base_url_variable: Some("OPENAI_BASE_URL"),
    key: KeyHeader::bearer(true),
    build,
};

fn build(config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    chat_provider::build(&KIND, Flavour::OpenAi, config)
}
