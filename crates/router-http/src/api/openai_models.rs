//! `GET /v1/models` and `GET /v1/models/{id}`: what a caller can put into `model`, as OpenAI lists it.

use jiff::tz::Offset;
use router_core::model::Model;
use router_core::principal::Principal;
use router_engine::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::Serialize;

use super::model_name::{self, ALIASES};
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, schema};
use crate::wall_clock;

/// The models.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenAiModelList<'a> {
    object: &'static str,
    data: Vec<OpenAiModel<'a>>,
}

/// A model.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct OpenAiModel<'a> {
    id: &'a str,
    object: &'static str,
    /// Always 0: the registry does not know when models were made.
    created: u64,
    /// The provider, or `llm-router` for what chooses among them.
    owned_by: &'a str,
}

pub(crate) const LIST: Operation = Operation {
    id: "listOpenAiModels",
    summary: "The models that can be asked now, as OpenAI lists them",
    description: "First `auto` and its variants, then those whose provider is configured and that the caller may use.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The models.", content: Content::Json(schema::<OpenAiModelList<'_>>) },
    errors: &[],
};

pub(crate) const GET: Operation = Operation {
    id: "getOpenAiModel",
    summary: "One of these models",
    description: "Ids may contain slashes.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The model.", content: Content::Json(schema::<OpenAiModel<'_>>) },
    errors: &[404],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let snapshot = asked.app.parts.engine.snapshot();
    ok(&OpenAiModelList { object: "list", data: listed(&snapshot, &asked.principal).collect() })
}

pub(crate) async fn get(asked: Asked) -> Result<Reply, ApiError> {
    let snapshot = asked.app.parts.engine.snapshot();
    let id = asked.path_id.unwrap_or_default();
    let found = listed(&snapshot, &asked.principal).find(|model| model.id == id);
    ok(&found.ok_or_else(|| model_name::unknown(&id, &snapshot, &asked.principal))?)
}

fn listed<'a>(snapshot: &'a Snapshot, principal: &'a Principal) -> impl Iterator<Item = OpenAiModel<'a>> {
    let shown = |id, owned_by| OpenAiModel { id, object: "model", created: 0, owned_by };
    let today = Offset::UTC.to_datetime(wall_clock::now()).date();
    let can_be_asked = move |model: &&'a Model| {
        model.is_active
            && model.shutdown_date.is_none_or(|day| today < day)
            && snapshot.provider(&model.provider).is_some()
            && principal.may_use(model)
    };
    let models = snapshot.registry.models().iter().map(AsRef::as_ref).filter(can_be_asked);
    let aliases = ALIASES.iter().map(move |(alias, _)| shown(alias, "llm-router"));
    aliases.chain(models.map(move |model| shown(model.id.as_str(), model.provider.as_str())))
}
