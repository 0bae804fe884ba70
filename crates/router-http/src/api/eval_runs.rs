//! `/api/eval/runs`: evaluations as a whole, for whoever runs them to report and for others to follow.

use http::StatusCode;
use jiff::Timestamp;
use router_core::id::{RequestId, TenantId};
use router_store::run::{EvalRun, RunStatus};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::judged;
use super::page::{BEFORE, LIMIT, PageView, visible_tenant};
use crate::app::App;
use crate::error::ApiError;
use crate::json;
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// More scores than any run gives.
const MOST_SCORES: u64 = 1_000_000_000;

/// A run that begins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewRun {
    /// What people call it; at most 100 characters.
    name: Option<String>,
    /// How many scores it will give, where that is known.
    total: Option<u64>,
}

/// How a run ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunEnd {
    /// `done`, `failed` or `cancelled`.
    #[schemars(schema_with = "status")]
    status: String,
    /// How, in words.
    message: Option<String>,
}

/// An evaluation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RunView {
    id: RequestId,
    tenant: TenantId,
    name: String,
    /// `running` until whoever runs it says how it ended.
    #[schemars(schema_with = "status")]
    status: RunStatus,
    /// How many scores it has given.
    scored: u64,
    /// How many it will give, where that is known.
    total: Option<u64>,
    /// How it ended, in words.
    message: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    started_at: Timestamp,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ended_at: Option<Timestamp>,
}

fn status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": RunStatus::ALL.map(RunStatus::name)})
}

pub(crate) const BEGIN: Operation = Operation {
    id: "beginEvalRun",
    summary: "Begin an evaluation",
    description: "Scores then name it as their `runId`.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<NewRun>,
        examples: &[("named", r#"{"name": "nightly", "total": 200}"#)],
    }),
    answer: Answer { status: 201, description: "The run.", content: Content::Json(schema::<RunView>) },
    errors: &[503],
};

pub(crate) const END: Operation = Operation {
    id: "endEvalRun",
    summary: "Say how an evaluation ended",
    description: "",
    query: &[],
    body: Some(RequestBody { schema: schema::<RunEnd>, examples: &[("done", r#"{"status": "done"}"#)] }),
    answer: Answer { status: 200, description: "The run.", content: Content::Json(schema::<RunView>) },
    errors: &[404, 503],
};

pub(crate) const GET: Operation = Operation {
    id: "getEvalRun",
    summary: "How far an evaluation is",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The run.", content: Content::Json(schema::<RunView>) },
    errors: &[404, 503],
};

pub(crate) const LIST: Operation = Operation {
    id: "listEvalRuns",
    summary: "Evaluations, newest first",
    description: "Of the caller's tenant; of all for an administrator.",
    query: &[LIMIT, BEFORE],
    body: None,
    answer: Answer { status: 200, description: "A page of runs.", content: Content::Json(schema::<PageView<RunView>>) },
    errors: &[503],
};

pub(crate) async fn begin(asked: Asked) -> Result<Reply, ApiError> {
    let NewRun { name, total } = json::read(&asked.body)?;
    if total.is_some_and(|total| total > MOST_SCORES) {
        return Err(ApiError::invalid("total", format!("must be at most {MOST_SCORES}")));
    }
    let run = EvalRun {
        id: asked.id,
        tenant: asked.principal.tenant.clone(),
        name: judged::name("name", name)?.unwrap_or_else(|| "evaluation".to_owned()),
        status: RunStatus::Running,
        total,
        scored: 0,
        message: None,
        started_at: wall_clock::now(),
        ended_at: None,
    };
    within_deadline("begin an evaluation", asked.app.parts.runs.put_run(&run)).await?;
    answer_json(StatusCode::CREATED, &RunView::from(run))
}

pub(crate) async fn end(asked: Asked) -> Result<Reply, ApiError> {
    let RunEnd { status, message } = json::read(&asked.body)?;
    let ended = RunStatus::ALL.into_iter().find(|known| known.name() == status && *known != RunStatus::Running);
    let status = ended.ok_or_else(|| ApiError::invalid("status", "must be one of done, failed, cancelled"))?;
    let message = judged::comment("message", message)?;
    let tenant = visible_tenant(&asked.principal);
    let run = find(&asked.app, tenant.as_ref(), path_id(&asked)?, None).await?;
    if run.status != RunStatus::Running {
        return Err(ApiError::invalid("status", format!("the run has ended: it is {}", run.status.name())));
    }
    let run = EvalRun { status, message, ended_at: Some(wall_clock::now()), ..run };
    within_deadline("end an evaluation", asked.app.parts.runs.put_run(&run)).await?;
    ok(&RunView::from(run))
}

pub(crate) async fn get(asked: Asked) -> Result<Reply, ApiError> {
    let tenant = visible_tenant(&asked.principal);
    ok(&RunView::from(find(&asked.app, tenant.as_ref(), path_id(&asked)?, None).await?))
}

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let tenant = visible_tenant(&asked.principal);
    let runs = asked.app.parts.runs.runs(tenant.as_ref(), asked.query.page()?);
    ok(&PageView::of(within_deadline("list evaluations", runs).await?, RunView::from))
}

fn path_id(asked: &Asked) -> Result<RequestId, ApiError> {
    let id = asked.path_id.as_deref().unwrap_or_default();
    id.parse().map_err(|_| ApiError::invalid("id", "must be a run's id: a UUID"))
}

/// The run with that id, if `tenant` may see it. `field` is what named it, for errors.
pub(super) async fn find(
    app: &App,
    tenant: Option<&TenantId>,
    id: RequestId,
    field: Option<&'static str>,
) -> Result<EvalRun, ApiError> {
    let found = within_deadline("find an evaluation", app.parts.runs.run(tenant, id)).await?;
    found.ok_or_else(|| ApiError::NotFound { what: "evaluation run", id: id.to_string(), field })
}

impl From<EvalRun> for RunView {
    fn from(run: EvalRun) -> Self {
        let EvalRun { id, tenant, name, status, total, scored, message, started_at, ended_at } = run;
        Self { id, tenant, name, status, scored, total, message, started_at, ended_at }
    }
}
