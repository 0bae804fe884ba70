//! Stages 3 and 6: has this been answered before, and shall this answer be remembered?

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use router_cache::flight::{Boarding, Flight, Flights};
use router_cache::key::KeyBuilder;
use router_cache::response::{CacheKey, ResponseCache};
use router_core::principal::Principal;
use router_core::raw_json::RawJson;
use router_providers::original::Original;
use router_providers::splice::Object;
use serde::{Deserialize, Serialize};

use crate::ask::{Ask, CacheUse};
use crate::metrics;
use crate::routed::Reply;

/// Bumped whenever the meaning of a key or the form of an entry changes, so that old entries are misses.
const FORMAT: &[u8] = b"llm-router/2";

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

    pub(crate) fn of(ask: &Ask, enabled: bool, streamed: bool) -> Self {
        // A temperature asks for variety: the same answer again is not what was asked for.
        let wants_variety = ask.conversation.sampling.temperature.is_some_and(|temperature| temperature > 0.0);
        // What only the provider's own words can say is kept with whole answers; a stream is put together from parts.
        let unsayable = streamed && ask.original.as_ref().is_some_and(Original::binds);
        match ask.cache {
            CacheUse::Only => Self { read: enabled && !unsayable, write: false, only: true },
            _ if !enabled || unsayable => Self::NOTHING,
            CacheUse::Default if wants_variety => Self::NOTHING,
            CacheUse::Default | CacheUse::Prefer => Self { read: true, write: true, only: false },
            CacheUse::Bypass => Self::NOTHING,
            CacheUse::Refresh => Self { read: false, write: true, only: false },
        }
    }
}

/// So many wait for one answer at most: each holds its connection and its body.
const MOST_FOLLOWERS: usize = 1_000;

/// Members of a body that say how the answer is sent, and not what it is.
const HOW_IT_IS_SENT: [&str; 2] = ["stream", "stream_options"];

/// The digest of the tenant and of everything that changes the answer. `None` if the request cannot be written down.
///
/// Of a request in somebody else's dialect that is every member of its body but those that say how the answer is sent: the
/// order of members does not count, the order within them does, because models follow the order of a schema.
pub(crate) fn key(ask: &Ask, principal: &Principal, generation: u64) -> Option<CacheKey> {
    let grants = &principal.grants;
    let key = KeyBuilder::default()
        .part("format", FORMAT)
        .part("tenant", principal.tenant.as_str().as_bytes())
        .part("allowed_models", &serde_json::to_vec(&grants.allowed_models).ok()?)
        .part("allowed_providers", &serde_json::to_vec(&grants.allowed_providers).ok()?)
        .part("generation", &generation.to_be_bytes())
        .part("preferences", &serde_json::to_vec(&ask.preferences).ok()?)
        .part("conversation", &serde_json::to_vec(&ask.conversation).ok()?);
    match &ask.original {
        Some(original) => of_original(key, original),
        None => Some(key.part("dialect", b"native").finish()),
    }
}

fn of_original(key: KeyBuilder, original: &Original) -> Option<CacheKey> {
    let object = Object::read(&original.body).ok()?;
    let how = |name: &str| HOW_IT_IS_SENT.contains(&name) || original.ours.contains(&name);
    let mut members: Vec<_> = object.members().iter().filter(|member| !how(&member.name)).collect();
    // Stable: of a member that is there twice, which comes first counts.
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let key = key.part("dialect", original.dialect.name().as_bytes());
    let key = original
        .headers
        .iter()
        .fold(key, |key, (name, value)| key.part("header", name.as_bytes()).part("value", value.as_bytes()));
    let key = members
        .iter()
        .fold(key, |key, member| key.part("member", member.name.as_bytes()).part("value", member.value.as_bytes()));
    Some(key.finish())
}

/// What is remembered: the answer, and the provider's own words for it.
#[derive(Serialize, Deserialize)]
struct Entry {
    reply: Reply,
    original: Option<RawJson>,
}

/// The answer of an entry. One that is not readable is none.
fn read(entry: &[u8]) -> Option<Reply> {
    let Entry { reply, original } = serde_json::from_slice(entry).ok()?;
    let original = original.map(|original| Bytes::from(original.text().to_owned()));
    Some(Reply { original, ..reply })
}

/// What is remembered, or where the answer is to be remembered.
pub(crate) enum Recalled {
    Known(Box<Reply>),
    Unknown(Option<Memory>),
}

/// The cache, and who is asking for what is not in it.
pub(crate) struct Recollection {
    pub(crate) cache: Arc<dyn ResponseCache>,
    pub(crate) flights: Flights,
}

impl Recollection {
    /// Looks for an answer; where there is none, waits for whoever asks the same already, for `patience` at most.
    pub(crate) async fn recall(&self, key: Option<CacheKey>, use_cache: Recall, patience: Duration) -> Recalled {
        let Some(key) = key else { return Recalled::Unknown(None) };
        let remember = |flight| Recalled::Unknown(use_cache.write.then(|| Memory::new(&self.cache, key, flight)));
        if !use_cache.read {
            return remember(None);
        }
        let recalled = match self.look(key).await {
            Some(reply) => Recalled::Known(Box::new(reply)),
            None if use_cache.write => self.follow(key, patience).await,
            None => remember(None),
        };
        metrics::cache_lookup(matches!(recalled, Recalled::Known(_)));
        recalled
    }

    async fn follow(&self, key: CacheKey, patience: Duration) -> Recalled {
        // Whoever followed in vain leads, or follows the one who does; a third time nobody is worth waiting for.
        for _ in 0..2 {
            let flight = match self.flights.board(key, patience, MOST_FOLLOWERS).await {
                Boarding::Alone => break,
                Boarding::Followed => None,
                Boarding::Leads(flight) => Some(flight),
            };
            // A flight may have ended between the look into the cache and the boarding of the next.
            if let Some(reply) = self.cache.near(key).await.and_then(|entry| read(&entry)) {
                return Recalled::Known(Box::new(reply));
            }
            if flight.is_some() {
                return Recalled::Unknown(Some(Memory::new(&self.cache, key, flight)));
            }
        }
        Recalled::Unknown(Some(Memory::new(&self.cache, key, None)))
    }

    async fn look(&self, key: CacheKey) -> Option<Reply> {
        self.cache.get(key).await.and_then(|entry| read(&entry))
    }
}

/// Where an answer is to be remembered. Others who ask the same wait until this is dropped.
pub(crate) struct Memory {
    cache: Arc<dyn ResponseCache>,
    key: CacheKey,
    _flight: Option<Flight>,
}

impl Memory {
    pub(crate) fn new(cache: &Arc<dyn ResponseCache>, key: CacheKey, flight: Option<Flight>) -> Self {
        Self { cache: Arc::clone(cache), key, _flight: flight }
    }

    /// Remembers the answer if it is whole and successful.
    pub(crate) async fn keep(self, reply: &Reply) {
        if !reply.is_worth_remembering() {
            return;
        }
        let words = reply.original.as_ref().and_then(|words| String::from_utf8(words.to_vec()).ok());
        let original = words.and_then(|words| RawJson::from_text(words).ok());
        if original.is_none() && reply.original.is_some() {
            return;
        }
        if let Ok(entry) = serde_json::to_vec(&Entry { reply: reply.clone(), original }) {
            self.cache.put(self.key, Bytes::from(entry)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use router_core::conversation::{Conversation, ResponseFormat};
    use router_core::id::RequestId;
    use router_providers::dialect::Dialect;

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

    fn asked_in_chat(body: &str, tenant: &str) -> Option<CacheKey> {
        let original = Original {
            dialect: Dialect::OpenAiChat,
            body: Bytes::from(body.to_owned()),
            ours: &["router"],
            headers: Vec::new(),
            uncarried: Vec::new(),
        };
        let ask = Ask { original: Some(original), ..Ask::new(RequestId(uuid::Uuid::nil()), Conversation::prompt("x")) };
        key(&ask, &Principal { tenant: tenant.into(), ..Principal::local() }, 1)
    }

    /// Every field of a chat completion that its documentation lists, and one that nobody knows yet.
    const FIELDS: [&str; 34] = [
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
        "from_the_future",
    ];

    proptest::proptest! {
        #[test]
        fn any_member_of_a_body_makes_another_request(field in 0..FIELDS.len(), one in 0_u32..1000, other in 1000_u32..2000) {
            let name = FIELDS[field];
            let body = |value: u32| format!(r#"{{"model":"m","{name}":{value},"messages":[]}}"#);
            let of = |text: &str| asked_in_chat(text, "acme").unwrap();
            assert_ne!(of(&body(one)), of(&body(other)), "{name}");
            assert_ne!(of(&body(one)), asked_in_chat(&body(one), "evil").unwrap(), "another tenant");
        }
    }

    #[test]
    fn the_order_of_members_does_not_count_and_the_order_within_them_does() {
        let of = |text: &str| asked_in_chat(text, "acme").unwrap();
        let plain = of(r#"{"model":"m","tools":[{"a":1,"b":2}],"seed":7}"#);
        assert_eq!(of(r#"{ "seed" : 7, "tools": [{"a":1,"b":2}] , "model":"m"}"#), plain);
        assert_ne!(of(r#"{"model":"m","tools":[{"b":2,"a":1}],"seed":7}"#), plain);
        assert_ne!(of(r#"{"model":"m","tools":[{"a":1,"b":2}],"seed":7,"seed":8}"#), plain);
        assert_ne!(
            of(r#"{"model":"m","seed":7,"seed":8}"#),
            of(r#"{"model":"m","seed":8,"seed":7}"#),
            "readers differ in which they believe"
        );
    }

    #[test]
    fn how_an_answer_is_sent_does_not_count() {
        let of = |text: &str| asked_in_chat(text, "acme").unwrap();
        let plain = of(r#"{"model":"m","messages":[]}"#);
        for other in [
            r#"{"model":"m","messages":[],"stream":true}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            // Its preferences count as the engine reads them.
            r#"{"model":"m","messages":[],"router":{"metadata":{"a":1}}}"#,
        ] {
            assert_eq!(of(other), plain, "{other}");
        }
    }
}
