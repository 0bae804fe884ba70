//! Anthropic.

use std::sync::Arc;

use async_trait::async_trait;

use crate::answer::{Answer, CallError};
use crate::anthropic_messages;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::kinds::{KeyHeader, Kind};
use crate::names::restore_tool_names;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};

/// Anthropic. The key goes into `x-api-key`, which every version of the API takes.
pub const KIND: Kind = Kind {
    name: "anthropic",
    base_url: Some("https://api.anthropic.com"),
    api_key_variable: Some("ANTHROPIC_API_KEY"),
    base_url_variable: Some("ANTHROPIC_BASE_URL"),
    key: KeyHeader { name: "x-api-key", prefix: "", required: true },
    build,
};

/// The endpoint, under the base URL.
const PATH: &str = "/v1/messages";

/// One instance.
struct Anthropic {
    endpoint: Endpoint,
}

fn build(config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    Ok(Arc::new(Anthropic { endpoint: Endpoint::new(&KIND, PATH, config)? }))
}

#[async_trait]
impl Provider for Anthropic {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let encoded = anthropic_messages::encode(&call)?;
        let headers: Vec<_> = encoded.headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        let body = self.endpoint.ask(&headers, encoded.body, call.deadlines.total).await?;
        let mut answer = anthropic_messages::decode(&body).map_err(|error| self.endpoint.scrub(error))?;
        restore_tool_names(&mut answer.parts, &call.conversation.tools);
        Ok(Answer { dropped: encoded.dropped, ..answer })
    }
}
