//! `GET /v1/models` and `GET /v1/models/{id}`: what a caller can put into `model`, as OpenAI lists it, or Anthropic for its
//! clients.

use jiff::tz::Offset;
use router_core::model::Model;
use router_core::principal::Principal;
use router_engine::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::Serialize;

use super::anthropic_models::{AnthropicModel, PAGING, page};
use super::model_name::{self, ALIASES};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter, schema};
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
    description: "First `auto` and its variants, then those whose provider is configured and that the caller may use. To a client that sends `anthropic-version`, as Anthropic lists them.",
    query: &[
        Parameter {
            name: PAGING[0],
            schema: schema::<u32>,
            description: "For clients of Anthropic: the most of one page.",
        },
        Parameter {
            name: PAGING[1],
            schema: schema::<String>,
            description: "For clients of Anthropic: those behind this one.",
        },
        Parameter {
            name: PAGING[2],
            schema: schema::<String>,
            description: "For clients of Anthropic: those before this one.",
        },
    ],
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
    let listed = listed(&snapshot, &asked.principal);
    if asked.dialect == Dialect::Anthropic {
        return ok(&page(listed, &asked.query)?);
    }
    if let Some(name) = PAGING.iter().find(|name| asked.query.text(name).is_some()) {
        return Err(ApiError::invalid(*name, "is for clients that send `anthropic-version`: this list has one page"));
    }
    ok(&OpenAiModelList { object: "list", data: listed.map(OpenAiModel::from).collect() })
}

pub(crate) async fn get(asked: Asked) -> Result<Reply, ApiError> {
    let snapshot = asked.app.parts.engine.snapshot();
    let id = asked.path_id.unwrap_or_default();
    let found = listed(&snapshot, &asked.principal).find(|model| model.id == id);
    let found = found.ok_or_else(|| model_name::unknown(&id, &snapshot, &asked.principal))?;
    if asked.dialect == Dialect::Anthropic { ok(&AnthropicModel::from(found)) } else { ok(&OpenAiModel::from(found)) }
}

/// What can be put into `model`.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) id: &'a str,
    /// `None` for what chooses among the models.
    pub(super) model: Option<&'a Model>,
}

impl<'a> From<Listed<'a>> for OpenAiModel<'a> {
    fn from(listed: Listed<'a>) -> Self {
        let owned_by = listed.model.map_or("llm-router", |model| model.provider.as_str());
        Self { id: listed.id, object: "model", created: 0, owned_by }
    }
}

fn listed<'a>(snapshot: &'a Snapshot, principal: &'a Principal) -> impl Iterator<Item = Listed<'a>> {
    let today = Offset::UTC.to_datetime(wall_clock::now()).date();
    let can_be_asked = move |model: &&'a Model| {
        model.is_active
            && model.shutdown_date.is_none_or(|day| today < day)
            && snapshot.provider(&model.provider).is_some()
            && principal.may_use(model)
    };
    let models = snapshot.registry.models().iter().map(AsRef::as_ref).filter(can_be_asked);
    let aliases = ALIASES.iter().map(|(alias, _)| Listed { id: alias, model: None });
    aliases.chain(models.map(|model| Listed { id: model.id.as_str(), model: Some(model) }))
}
