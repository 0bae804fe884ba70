//! Stages 3 and 6: has this been answered before, and shall this answer be remembered?

use bytes::Bytes;
use router_cache::key::KeyBuilder;
use router_cache::response::{CacheKey, ResponseCache};
use router_core::principal::Principal;

use crate::ask::{Ask, CacheUse};
use crate::metrics;
use crate::routed::Reply;

/// Bumped whenever the meaning of a key or the form of an entry changes, so that old entries are misses.
const FORMAT: &[u8] = b"llm-router/native/1";

/// What a request may do with the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recall {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) only: bool,
}

impl Recall {
    const NOTHING: Self = Self { read: false, write: false, only: false };

    /// Whether a key is needed at all.
    pub(crate) const fn any(self) -> bool {
        self.read || self.write
    }

    pub(crate) fn of(ask: &Ask, enabled: bool) -> Self {
        // A temperature asks for variety: the same answer again is not what was asked for.
        let wants_variety = ask.conversation.sampling.temperature.is_some_and(|temperature| temperature > 0.0);
        match ask.cache {
            CacheUse::Only => Self { read: enabled, write: false, only: true },
            _ if !enabled => Self::NOTHING,
            CacheUse::Default if wants_variety => Self::NOTHING,
            CacheUse::Default | CacheUse::Prefer => Self { read: true, write: true, only: false },
            CacheUse::Bypass => Self::NOTHING,
            CacheUse::Refresh => Self { read: false, write: true, only: false },
        }
    }
}

/// The digest of the tenant and of everything that changes the answer. `None` if the request cannot be written down.
pub(crate) fn key(ask: &Ask, principal: &Principal, generation: u64) -> Option<CacheKey> {
    let key = KeyBuilder::default()
        .part("format", FORMAT)
        .part("tenant", principal.tenant.as_str().as_bytes())
        .part("allowed_models", &serde_json::to_vec(&principal.grants.allowed_models).ok()?)
        .part("allowed_providers", &serde_json::to_vec(&principal.grants.allowed_providers).ok()?)
        .part("generation", &generation.to_be_bytes())
        .part("conversation", &serde_json::to_vec(&ask.conversation).ok()?)
        .part("preferences", &serde_json::to_vec(&ask.preferences).ok()?);
    Some(key.finish())
}

/// The remembered answer. An entry that is not readable is a miss.
pub(crate) async fn recall(cache: &dyn ResponseCache, key: CacheKey) -> Option<Reply> {
    let reply = cache.get(key).await.and_then(|entry| serde_json::from_slice(&entry).ok());
    metrics::cache_lookup(reply.is_some());
    reply
}

/// Remembers a whole, successful answer.
pub(crate) async fn remember(cache: &dyn ResponseCache, key: CacheKey, reply: &Reply) {
    if let Ok(entry) = serde_json::to_vec(reply) {
        cache.put(key, Bytes::from(entry)).await;
    }
}

#[cfg(test)]
mod tests {
    use router_core::conversation::{Conversation, ResponseFormat};
    use router_core::id::RequestId;

    use super::*;

    #[test]
    fn schemas_in_another_order_are_other_requests() {
        let key_of = |schema: &str| {
            let schema = serde_json::from_str(schema).unwrap();
            let format = ResponseFormat::JsonSchema { name: None, schema, strict: None };
            let conversation = Conversation { response_format: Some(format), ..Conversation::prompt("x") };
            let id = RequestId(uuid::Uuid::nil());
            key(&Ask::new(id, conversation), &Principal::local(), 1).unwrap()
        };
        let schema = r#"{"properties":{"z":{},"a":{}}}"#;
        assert_eq!(key_of(schema), key_of(schema));
        assert_ne!(key_of(schema), key_of(r#"{"properties":{"a":{},"z":{}}}"#));
    }
}
