//! `GET /api/requests`, `GET /api/requests/{id}`: what was asked, of whom, why, and what came of it.

use std::time::Duration;

use jiff::Timestamp;
use router_core::attempt::Attempt;
use router_core::error_kind::ErrorKind;
use router_core::explain::Explanation;
use router_core::finish::FinishReason;
use router_core::id::{ModelId, ProviderId, RequestId, TenantId};
use router_core::price::Cost;
use router_core::prompt_type::PromptType;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_store::journal::JournalStatus;
use router_store::record::{RequestFilter, RequestRecord, RequestStatus};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::page::{BEFORE, LIMIT, PageView, visible_tenant};
use crate::app::App;
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter, schema};
use crate::store_deadline::within_deadline;

/// Records reach the database in batches, so one that was answered just now may be on its way.
const UNDER_WAY: Duration = Duration::from_secs(10);
/// How long a caller who names such a one is kept waiting for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Records that wait longer than this are held up: several times what gathering a batch and writing it take, and less than
/// [`PATIENCE`], so that whoever waited in vain for a young record is told the truth.
const LATE: Duration = Duration::from_secs(1);
/// How often to look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A request in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestSummary {
    request_id: RequestId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Option<Timestamp>,
    tenant: TenantId,
    #[schemars(schema_with = "status")]
    status: RequestStatus,
    /// Why it failed, where a provider was the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<ErrorKind>,
    prompt_type: PromptType,
    /// How hard the prompt is, in [0, 1].
    difficulty: f64,
    /// The model that answered; of a request without an answer, the last that was asked.
    model_id: Option<ModelId>,
    provider: Option<ProviderId>,
    /// What all attempts together consumed, where known.
    usage: Option<Usage>,
    /// What all attempts together cost.
    cost: Cost,
    /// From admission to the end; null where nobody knows when that was.
    latency_ms: Option<f64>,
    /// Why the model stopped, where one answered.
    finish: Option<FinishReason>,
    cached: bool,
    simulated: bool,
}

/// Everything that is known of a request.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RequestDetail {
    #[serde(flatten)]
    summary: RequestSummary,
    /// The exact model that the provider says answered, where that is another name.
    upstream_model: Option<String>,
    /// The provider's own id of the answer: what its support asks for.
    upstream_id: Option<String>,
    /// What of the request the provider's wire format could not carry.
    dropped: Vec<String>,
    /// The catalogue the decision and the prices are of: 16 hexadecimal digits, since JSON's numbers do not hold 64 bits.
    catalogue: String,
    /// Everyone that was asked, in order.
    attempts: Vec<Attempt>,
    /// Why this model, and what the alternatives were.
    #[schemars(with = "Option<Explanation<'static>>")]
    decision: RawJson,
    /// What the caller attached.
    metadata: Option<serde_json::Value>,
    /// The prompt, where the server keeps it.
    prompt: Option<String>,
    /// The answer, where the server keeps it.
    response: Option<String>,
}

fn status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "How the request ended. `outcome_unknown`: the process died before it was known.",
        "type": "string",
        "enum": RequestStatus::ALL.map(RequestStatus::name),
    })
}

pub(crate) const MODEL_ID: Parameter =
    Parameter { name: "modelId", schema: schema::<ModelId>, description: "Only of this model." };

pub(super) const FILTERS: [Parameter; 2] = [
    Parameter { name: "promptType", schema: schema::<PromptType>, description: "Only of this type." },
    Parameter { name: "status", schema: status, description: "Only those that ended so." },
];

pub(crate) const LIST: Operation = Operation {
    id: "listRequests",
    summary: "The records of requests, newest first",
    description: "Of the caller's tenant; of all for an administrator.",
    query: &[MODEL_ID, FILTERS[0], FILTERS[1], LIMIT, BEFORE],
    body: None,
    answer: Answer {
        status: 200,
        description: "A page of records.",
        content: Content::Json(schema::<PageView<RequestSummary>>),
    },
    errors: &[503],
};

pub(crate) const GET: Operation = Operation {
    id: "getRequest",
    summary: "The record of one request",
    description: "A request that ended just now may take a second to arrive here; the server waits for it.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The record.", content: Content::Json(schema::<RequestDetail>) },
    errors: &[404, 503],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let (filter, page) = (filter(&asked)?, asked.query.page()?);
    let page = within_deadline("list requests", asked.app.parts.requests.list(&filter, page)).await?;
    ok(&PageView::of(page, RequestSummary::from))
}

/// Which records are asked for, of those that the caller may see.
pub(super) fn filter(asked: &Asked) -> Result<RequestFilter, ApiError> {
    let types = PromptType::ALL.map(PromptType::name);
    let statuses = RequestStatus::ALL.map(RequestStatus::name);
    let read_status = |name: &str| RequestStatus::ALL.into_iter().find(|status| status.name() == name);
    Ok(RequestFilter {
        tenant: visible_tenant(&asked.principal),
        model_id: asked.query.text("modelId").map(ModelId::from),
        prompt_type: asked.query.one_of("promptType", PromptType::from_name, &types)?,
        status: asked.query.one_of("status", read_status, &statuses)?,
    })
}

pub(crate) async fn get(asked: Asked) -> Result<Reply, ApiError> {
    let text = asked.path_id.unwrap_or_default();
    let id: RequestId = text.parse().map_err(|_| ApiError::invalid("id", "must be a request's id: a UUID"))?;
    let tenant = visible_tenant(&asked.principal);
    ok(&RequestDetail::from(find(&asked.app, tenant.as_ref(), id, None).await?))
}

/// The record of a request, if `tenant` may see it. Waits a little for one that may still be on its way. `field` is what
/// named the request, for errors.
pub(crate) async fn find(
    app: &App,
    tenant: Option<&TenantId>,
    id: RequestId,
    field: Option<&'static str>,
) -> Result<RequestRecord, ApiError> {
    let young = created_at(id).is_some_and(|created| {
        let age = Timestamp::now().duration_since(created);
        age.unsigned_abs() < UNDER_WAY
    });
    let until = Instant::now() + if young { PATIENCE } else { Duration::ZERO };
    loop {
        // Before the look: what arrives between the two is found.
        let late = records_are_late(&app.parts.journal.status());
        let found = within_deadline("find a request", app.parts.requests.get(tenant, id)).await?;
        if let Some(record) = found {
            return Ok(record);
        }
        if Instant::now() >= until {
            let (what, id) = ("request", id.to_string());
            return Err(match late {
                true => ApiError::RecordsLate { what, id, field },
                false => ApiError::NotFound { what, id, field },
            });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Whether the database has stopped taking records: then one that it does not have may exist.
fn records_are_late(journal: &JournalStatus) -> bool {
    journal.store_error.is_some() || journal.waiting_outcomes > 0 || journal.oldest.is_some_and(|oldest| oldest > LATE)
}

/// When the id was made: what a UUIDv7 says of itself.
pub(crate) fn created_at(id: RequestId) -> Option<Timestamp> {
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

impl From<RequestRecord> for RequestSummary {
    fn from(record: RequestRecord) -> Self {
        Self {
            request_id: record.id,
            created_at: created_at(record.id),
            tenant: record.tenant,
            status: record.status,
            error_kind: record.error_kind,
            prompt_type: record.prompt_type,
            difficulty: record.difficulty,
            model_id: record.model_id,
            provider: record.provider,
            usage: record.usage,
            cost: record.cost,
            latency_ms: (record.status != RequestStatus::OutcomeUnknown)
                .then(|| record.latency.as_micros() as f64 / 1e3),
            finish: record.finish,
            cached: record.cached,
            simulated: record.simulated,
        }
    }
}

impl From<RequestRecord> for RequestDetail {
    fn from(mut record: RequestRecord) -> Self {
        Self {
            upstream_model: record.upstream_model.take(),
            upstream_id: record.upstream_id.take(),
            dropped: std::mem::take(&mut record.dropped),
            catalogue: format!("{:016x}", record.catalogue),
            attempts: std::mem::take(&mut record.attempts),
            decision: std::mem::take(&mut record.decision),
            metadata: record.metadata.take(),
            prompt: record.prompt.take(),
            response: record.response.take(),
            summary: record.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use router_store::record::Intent;

    use super::*;

    #[test]
    fn nobody_knows_how_long_a_request_took_whose_end_nobody_saw() {
        let unknown = RequestRecord::outcome_unknown(Intent {
            simulated: false,
            id: RequestId(uuid::Uuid::now_v7()),
            tenant: TenantId::from("ours"),
            key: None,
            user: None,
            model_id: ModelId::from("gpt-4o"),
            provider: ProviderId::from("openai"),
            prompt_type: PromptType::General,
            difficulty: 0.5,
            reserved: router_core::usd::Usd::ZERO,
        });
        let failed =
            RequestRecord { status: RequestStatus::Failed, latency: Duration::from_micros(1500), ..unknown.clone() };
        assert_eq!(RequestSummary::from(unknown).latency_ms, None);
        assert_eq!(RequestSummary::from(failed).latency_ms, Some(1.5));
    }
}
