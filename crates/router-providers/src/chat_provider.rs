//! A provider that speaks chat completions.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use router_core::usage::Usage;

use crate::answer::{Answer, AnswerStream, CallError, Spent};
use crate::cache_marks::any_long;
use crate::call::Call;
use crate::dialect::Dialect;
use crate::encoded::Encoded;
use crate::endpoint::{Endpoint, Opened};
use crate::event_stream::{Manner, event_stream};
use crate::experience::{Experience, repaired};
use crate::fault;
use crate::kinds::Kind;
use crate::names::restore_tool_names;
use crate::openai_chat::stream::{Asked, Decoder};
use crate::openai_chat::{self, Flavour, written_for_long};
use crate::original::Original;
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};
use crate::waits::Waits;
use crate::whole;

/// What it speaks.
const DIALECT: Dialect = Dialect::OpenAiChat;

/// The endpoint, under the base URL.
const PATH: &str = "/chat/completions";

/// OpenAI keeps it with the request, for questions to its support.
const REQUEST_ID_HEADER: &str = "x-client-request-id";

/// One instance.
struct ChatProvider {
    endpoint: Endpoint,
    flavour: Flavour,
    experience: Experience,
}

/// Sets an instance up.
///
/// # Errors
/// What is wrong with its configuration.
pub(crate) fn build(kind: &Kind, flavour: Flavour, config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    Ok(Arc::new(ChatProvider {
        endpoint: Endpoint::new(kind, PATH, config)?,
        flavour,
        experience: Experience::default(),
    }))
}

impl ChatProvider {
    fn headers(&self, call: &Call<'_>, encoded: &Encoded) -> Vec<(&'static str, String)> {
        let mut headers = encoded.headers.clone();
        if self.flavour == Flavour::OpenAi {
            headers.push((REQUEST_ID_HEADER, call.request_id.to_string()));
        }
        headers
    }

    /// What is known better of a usage than the provider says.
    fn counted(&self, call: &Call<'_>) -> fn(Usage) -> Usage {
        let long = any_long(call.conversation) && self.flavour.caches_for_long(call.model);
        if long { written_for_long } else { |usage| usage }
    }

    fn decode(&self, call: &Call<'_>, body: Bytes, asked: Encoded) -> Result<Answer, CallError> {
        let counted = self.counted(call);
        let mut answer = openai_chat::decode(&body).map_err(|error| {
            let spent = match error.spent {
                Spent::Known(usage) => Spent::Known(counted(usage)),
                unknown => unknown,
            };
            self.endpoint.scrub(CallError { spent, ..error })
        })?;
        restore_tool_names(&mut answer.parts, &call.conversation.tools);
        let original = call.original_in(DIALECT).map(|_| body);
        let Encoded { dropped, changed, .. } = asked;
        Ok(Answer { usage: answer.usage.map(counted), dropped, changed, original, ..answer })
    }
}

impl ChatProvider {
    async fn complete_once(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let mut encoded = openai_chat::write_request(&call, self.flavour)?;
        let headers = self.headers(&call, &encoded);
        let body = self.endpoint.ask(&headers, std::mem::take(&mut encoded.body), call.deadlines.total).await?;
        self.decode(&call, body, encoded)
    }

    async fn stream_once(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        let (call, waits) = (call.streaming(), Waits::start(&call.deadlines));
        let mut encoded = openai_chat::write_request(&call, self.flavour)?;
        let headers = self.headers(&call, &encoded);
        let body = match self.endpoint.open(&headers, std::mem::take(&mut encoded.body), &waits).await? {
            Opened::Stream(body) => body,
            // One choice of several would be passed off as all of them.
            Opened::Whole(_) if call.original_in(DIALECT).is_some_and(Original::binds) => {
                return Err(fault::malformed("the server does not stream"));
            }
            Opened::Whole(body) => return self.decode(&call, body, encoded).map(whole::as_stream),
        };
        let asked = call.original_in(DIALECT).map(|original| Asked::of(&original.body));
        let manner = Manner { counted: self.counted(&call), ..Manner::of(&call.conversation.tools) };
        let events = event_stream(body, Decoder::new(asked), waits, manner);
        Ok(AnswerStream { events, dropped: encoded.dropped, changed: encoded.changed, original: asked.is_some() })
    }
}

#[async_trait]
impl Provider for ChatProvider {
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
