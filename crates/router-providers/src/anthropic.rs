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
use crate::experience::{Experience, repaired};
use crate::fault;
use crate::kinds::{KeyHeader, Kind};
use crate::names::restore_tool_names;
use crate::original::Original;
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
    experience: Experience,
}

fn build(config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    Ok(Arc::new(Anthropic { endpoint: Endpoint::new(&KIND, PATH, config)?, experience: Experience::default() }))
}

impl Anthropic {
    fn decode(&self, call: &Call<'_>, body: Bytes, asked: Encoded) -> Result<Answer, CallError> {
        let own_words = call.original_in(DIALECT).is_some();
        let read = if own_words { anthropic_messages::decode_paused } else { anthropic_messages::decode };
        let mut answer = read(&body).map_err(|error| self.endpoint.scrub(error))?;
        restore_tool_names(&mut answer.parts, &call.conversation.tools);
        let Encoded { dropped, changed, .. } = asked;
        Ok(Answer { dropped, changed, original: own_words.then_some(body), ..answer })
    }
}

impl Anthropic {
    async fn complete_once(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let mut encoded = anthropic_messages::write_request(&call)?;
        let asked = std::mem::take(&mut encoded.body);
        let body = self.endpoint.ask(&encoded.headers, asked, call.deadlines.total).await?;
        self.decode(&call, body, encoded)
    }

    async fn stream_once(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        let (call, waits) = (call.streaming(), Waits::start(&call.deadlines));
        let mut encoded = anthropic_messages::write_request(&call)?;
        let asked = std::mem::take(&mut encoded.body);
        let body = match self.endpoint.open(&encoded.headers, asked, &waits).await? {
            Opened::Stream(body) => body,
            // Blocks that only this dialect has would be missing.
            Opened::Whole(_) if call.original_in(DIALECT).is_some_and(Original::binds) => {
                return Err(fault::malformed("the server does not stream"));
            }
            Opened::Whole(body) => return self.decode(&call, body, encoded).map(whole::as_stream),
        };
        let original = call.original_in(DIALECT).is_some();
        let events = event_stream(body, Decoder::new(original), waits, Manner::of(&call.conversation.tools));
        Ok(AnswerStream { events, dropped: encoded.dropped, changed: encoded.changed, original })
    }
}

#[async_trait]
impl Provider for Anthropic {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        repaired!(self, call, complete_once)
    }

    async fn stream(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        repaired!(self, call, stream_once)
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(DIALECT)
    }
}
