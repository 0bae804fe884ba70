//! What the pipeline is asked.

use std::time::Duration;

use router_core::conversation::Conversation;
use router_core::id::RequestId;
use router_core::preferences::Preferences;
use router_providers::original::Original;
use serde::{Deserialize, Serialize};

/// How a request uses the response cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CacheUse {
    /// Read and write, unless the request asks for variety (a temperature above 0).
    #[default]
    Default,
    /// Read and write, whatever the temperature.
    Prefer,
    /// Neither read nor write.
    Bypass,
    /// Ask afresh, and remember the new answer.
    Refresh,
    /// Only read: a miss is an error, nobody is asked.
    Only,
}

/// One request to the router.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Its id: a UUIDv7 of now.
    pub id: RequestId,
    /// What to answer.
    pub conversation: Conversation,
    /// The same as the caller wrote it, where that is in a dialect that a provider may speak.
    pub original: Option<Original>,
    /// What the caller wants of the choice.
    pub preferences: Preferences,
    /// How it uses the response cache.
    pub cache: CacheUse,
    /// What the caller attached, for the record only.
    pub metadata: Option<serde_json::Value>,
    /// How long the caller waits for a whole answer, or for a stream to begin, where it says so; at most the operator's own
    /// deadline is used.
    pub patience: Option<Duration>,
}

impl Ask {
    /// A request with the default preferences.
    #[must_use]
    pub fn new(id: RequestId, conversation: Conversation) -> Self {
        Self {
            id,
            conversation,
            original: None,
            preferences: Preferences::default(),
            cache: CacheUse::default(),
            metadata: None,
            patience: None,
        }
    }
}
