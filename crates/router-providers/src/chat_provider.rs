//! A provider that speaks chat completions.

use std::sync::Arc;

use async_trait::async_trait;

use crate::answer::{Answer, CallError, Spent};
use crate::cache_marks::any_long;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::kinds::Kind;
use crate::names::restore_tool_names;
use crate::openai_chat::{self, Flavour, written_for_long};
use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};

/// The endpoint, under the base URL.
const PATH: &str = "/chat/completions";

/// OpenAI keeps it with the request, for questions to its support.
const REQUEST_ID_HEADER: &str = "x-client-request-id";

/// One instance.
struct ChatProvider {
    endpoint: Endpoint,
    flavour: Flavour,
}

/// Sets an instance up.
///
/// # Errors
/// What is wrong with its configuration.
pub(crate) fn build(kind: &Kind, flavour: Flavour, config: &InstanceConfig) -> Result<Arc<dyn Provider>, SetupError> {
    Ok(Arc::new(ChatProvider { endpoint: Endpoint::new(kind, PATH, config)?, flavour }))
}

#[async_trait]
impl Provider for ChatProvider {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let encoded = openai_chat::encode(&call, self.flavour)?;
        let mut headers: Vec<_> = encoded.headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        if self.flavour == Flavour::OpenAi {
            headers.push((REQUEST_ID_HEADER, call.request_id.to_string()));
        }
        let body = self.endpoint.ask(&headers, encoded.body, call.deadlines.total).await?;
        let long = any_long(call.conversation) && self.flavour.caches_for_long(call.model);
        let counted = |usage| if long { written_for_long(usage) } else { usage };
        let mut answer = openai_chat::decode(&body).map_err(|error| {
            let spent = match error.spent {
                Spent::Known(usage) => Spent::Known(counted(usage)),
                unknown => unknown,
            };
            self.endpoint.scrub(CallError { spent, ..error })
        })?;
        restore_tool_names(&mut answer.parts, &call.conversation.tools);
        Ok(Answer { usage: answer.usage.map(counted), dropped: encoded.dropped, ..answer })
    }
}
