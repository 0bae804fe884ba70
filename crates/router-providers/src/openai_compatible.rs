//! Whatever else speaks OpenAI's chat completions.

use std::sync::Arc;

use crate::chat_provider;
use crate::kinds::{KeyHeader, Kind};
use crate::openai_chat::Flavour;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};

/// Ollama, vLLM, llama.cpp and hosted imitations of OpenAI: as many instances as there are addresses, keys where they want one.
pub const KIND: Kind = Kind {
    name: "openai_compatible",
    base_url: None,
    api_key_variable: None,
    base_url_variable: None,
    key: KeyHeader::bearer(false),
    build,
};

fn build(config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    chat_provider::build(&KIND, Flavour::Compatible, config)
}
