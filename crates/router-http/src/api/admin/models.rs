//! `/api/admin/models`: which models are offered, and which come first.

use router_core::id::{ModelId, ProviderId};
use router_core::model::Model;
use router_store::overrides::Override;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::{Changed, changed, configuration};
use super::{All, actor, given, path_id};
use crate::configuration::model_path;
use crate::error::ApiError;
use crate::json;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};

const IS_ACTIVE: &str = "isActive";
const PRIORITY: &str = "priority";

/// What an administrator can change of a model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ModelSwitches {
    id: ModelId,
    provider: ProviderId,
    /// Whether it is offered.
    is_active: bool,
    /// Breaks ties: higher first.
    priority: i32,
    /// Who changed `isActive`; null where the catalogue has the word.
    is_active_changed: Option<Changed>,
    /// The same of `priority`.
    priority_changed: Option<Changed>,
}

/// What is to be changed of a model; what is not given stays, null gives the word back to the catalogue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModelChange {
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<bool>")]
    is_active: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<i32>")]
    priority: Option<Option<i32>>,
}

pub(crate) const LIST: Operation = Operation {
    id: "listModelSwitches",
    summary: "Which models are offered, which come first, and who said so",
    description: "In the order of the catalogue. GET /api/models has everything else about them.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The models.", content: Content::Json(schema::<All<ModelSwitches>>) },
    errors: &[404],
};

pub(crate) const CHANGE: Operation = Operation {
    id: "changeModel",
    summary: "Offer a model or not, or change its priority",
    description: "Counts more than the catalogue, outlives restarts, and is in force on every replica within two seconds.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<ModelChange>,
        examples: &[("off", r#"{"isActive": false}"#), ("asTheCatalogueSays", r#"{"isActive": null}"#)],
    }),
    answer: Answer { status: 200, description: "The model.", content: Content::Json(schema::<ModelSwitches>) },
    errors: &[404, 503],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let overrides = configuration(&asked.app)?.overrides().await;
    let snapshot = asked.app.parts.engine.snapshot();
    ok(&All { items: snapshot.registry.models().iter().map(|model| ModelSwitches::of(model, &overrides)).collect() })
}

pub(crate) async fn change(asked: Asked) -> Result<Reply, ApiError> {
    let change: ModelChange = json::read(&asked.body)?;
    let configuration = configuration(&asked.app)?;
    let id = path_id(&asked);
    // Of a model that is gone, what was changed can still be taken back.
    let is_taken_back = matches!(change.is_active, None | Some(None)) && matches!(change.priority, None | Some(None));
    if asked.app.parts.engine.snapshot().registry.get(id).is_none() && !is_taken_back {
        return Err(unknown(id));
    }
    let is_active = change.is_active.map(|value| (model_path(id, IS_ACTIVE), value.map(Value::from)));
    let priority = change.priority.map(|value| (model_path(id, PRIORITY), value.map(Value::from)));
    let changes: Vec<_> = is_active.into_iter().chain(priority).collect();
    if changes.is_empty() {
        return Err(ApiError::invalid("body", "must hold isActive, priority, or both"));
    }
    configuration.change(&actor(&asked.principal), changes).await?;
    let overrides = configuration.overrides().await;
    let snapshot = asked.app.parts.engine.snapshot();
    let model = snapshot.registry.get(id).ok_or_else(|| unknown(id))?;
    ok(&ModelSwitches::of(model, &overrides))
}

fn unknown(id: &str) -> ApiError {
    ApiError::NotFound { what: "model", id: id.chars().take(100).collect(), field: None }
}

impl ModelSwitches {
    fn of(model: &Model, overrides: &[Override]) -> Self {
        let changed = |field| changed(overrides, &model_path(model.id.as_str(), field));
        Self {
            id: model.id.clone(),
            provider: model.provider.clone(),
            is_active: model.is_active,
            priority: model.priority,
            is_active_changed: changed(IS_ACTIVE),
            priority_changed: changed(PRIORITY),
        }
    }
}
