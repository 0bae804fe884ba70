//! What the APIs of other providers that are spoken here have in common: what callers may say to the router itself, and what
//! they are told of it.

use http::HeaderMap;
use router_core::preferences::Preferences;
use router_core::prompt_type::PromptType;
use router_engine::ask::Ask;
use router_engine::routed::Routed;
use router_engine::snapshot::Snapshot;
use router_providers::dialect::Dialect;
use router_providers::inbound::Inbound;
use router_providers::original::Original;
use schemars::JsonSchema;
use serde::Deserialize;

use super::wishes::{PreferencesBody, recorded};
use super::{cache_wish, model_name, wish_headers};
use crate::dialect::Dialect as Spoken;
use crate::error::ApiError;
use crate::json::{self, Object, Word};
use crate::json_value::JsonObject;
use crate::patience;
use crate::rate_headers;
use crate::route::Asked;
use crate::router_headers;

/// The field of a request that is meant for the router, and not passed on.
pub(super) const OURS: &[&str] = &["router"];

/// What is wanted of the choice.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RouterBody {
    /// What is wanted of the choice.
    preferences: Option<Object<PreferencesBody>>,
    /// The type of the prompt, where the caller knows it better than the classifier.
    prompt_type: Option<Word<PromptType>>,
    /// Whether other models may answer when the one that is asked for cannot.
    fallbacks: Option<bool>,
    /// Anything; recorded with the request. At most 16 KiB of JSON.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    metadata: Option<JsonObject>,
}

/// The request as the engine takes it. What the body wishes counts before what headers wish, which clients set once for
/// all requests; and both before what the name of the model says.
///
/// `headers` are those of the caller's that belong to the body.
pub(super) fn into_ask(
    inbound: Inbound,
    dialect: Dialect,
    headers: Vec<(&'static str, String)>,
    asked: &Asked,
    snapshot: &Snapshot,
) -> Result<Ask, ApiError> {
    let Inbound { model, conversation, uncarried, ours, stream: _, include_usage: _ } = inbound;
    let defaults = snapshot.settings.default_preferences.clone();
    let preferences = model_name::asked_for(&model, defaults, snapshot, &asked.principal)?;
    let preferences = wish_headers::over(&asked.headers, preferences)?;
    let router = match ours.into_iter().next() {
        Some((_, router)) if router.text() != "null" => json::read(router.text().as_bytes()).map_err(within_router)?,
        _ => RouterBody::default(),
    };
    let metadata = router.metadata.as_ref().map(|given| recorded("router.metadata", given)).transpose()?;
    let original = Original { dialect, body: asked.body.clone(), ours: OURS, headers, uncarried };
    Ok(Ask {
        original: Some(original),
        preferences: router.over(preferences)?,
        cache: cache_wish::opted_in(&asked.headers)?,
        metadata,
        patience: patience::told(&asked.headers),
        ..Ask::new(asked.id, conversation)
    })
}

impl RouterBody {
    fn over(self, preferences: Preferences) -> Result<Preferences, ApiError> {
        let given = self.preferences.map(|Object(given)| given).unwrap_or_default();
        let mut preferences = given.over(preferences, |field| format!("router.preferences.{field}"))?;
        preferences.prompt_type = self.prompt_type.map(|Word(given)| given).or(preferences.prompt_type);
        preferences.fallbacks = self.fallbacks.unwrap_or(preferences.fallbacks);
        Ok(preferences)
    }
}

/// A fault of the `router` field, by its path in the whole body.
fn within_router(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid { field, problem } if field == "body" => {
            ApiError::Invalid { field: "router".into(), problem }
        }
        ApiError::Invalid { field, problem } => ApiError::Invalid { field: format!("router.{field}"), problem },
        other => ApiError::invalid("router", other.to_string()),
    }
}

/// What is known of a whole answer, and what is left of the caller's limits.
pub(super) fn headers(routed: &Routed, spoken: Spoken) -> HeaderMap {
    let mut headers = router_headers::of_answer(routed);
    if let Some(allowance) = &routed.allowance {
        rate_headers::insert(&mut headers, spoken, allowance);
    }
    headers
}
