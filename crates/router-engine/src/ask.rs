//! What the pipeline is asked.

use router_core::conversation::Conversation;
use router_core::id::RequestId;
use router_core::preferences::Preferences;
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
    /// What the caller wants of the choice.
    pub preferences: Preferences,
    /// How it uses the response cache.
    pub cache: CacheUse,
    /// What the caller attached, for the record only.
    pub metadata: Option<serde_json::Value>,
}
