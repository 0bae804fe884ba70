//! Anthropic.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::answer::{Answer, AnswerStream, CallError};
use crate::anthropic_messages::{self, stream::Decoder};
use crate::call::Call;
use crate::dialect::Dialect;
use crate::encoded::Encoded;
use crate::endpoint::{Endpoint, Opened};
use crate::event_stream::{Manner, event_stream};
use crate::kinds::{KeyHeader, Kind};
use crate::names::restore_tool_names;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};
use crate::waits::Waits;
use crate::whole;

/// What it speaks.
const DIALECT: Dialect = Dialect::AnthropicMessages;

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

impl Anthropic {
    fn decode(&self, call: &Call<'_>, body: Bytes, dropped: Vec<String>) -> Result<Answer, CallError> {
        let mut answer = anthropic_messages::decode(&body).map_err(|error| self.endpoint.scrub(error))?;
        restore_tool_names(&mut answer.parts, &call.conversation.tools);
        Ok(Answer { dropped, original: call.original_in(DIALECT).map(|_| body), ..answer })
    }
}

fn headers(encoded: &Encoded) -> Vec<(&'static str, String)> {
    encoded.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[async_trait]
impl Provider for Anthropic {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let encoded = anthropic_messages::encode(&call)?;
        let headers = headers(&encoded);
        let body = self.endpoint.ask(&headers, encoded.body, call.deadlines.total).await?;
        self.decode(&call, body, encoded.dropped)
    }

    async fn stream(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        let (call, waits) = (call.streaming(), Waits::start(&call.deadlines));
        let encoded = anthropic_messages::encode(&call)?;
        let headers = headers(&encoded);
        let body = match self.endpoint.open(&headers, encoded.body, &waits).await? {
            Opened::Stream(body) => body,
            Opened::Whole(body) => return self.decode(&call, body, encoded.dropped).map(whole::as_stream),
        };
        let original = call.original_in(DIALECT).is_some();
        let events = event_stream(body, Decoder::new(original), waits, Manner::of(&call.conversation.tools));
        Ok(AnswerStream { events, dropped: encoded.dropped, changed: Vec::new(), original })
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(DIALECT)
    }
}
