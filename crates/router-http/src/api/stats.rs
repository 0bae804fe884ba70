//! `GET /api/stats`: what was asked, hour by hour or day by day: what charts are drawn from.

use jiff::{Timestamp, ToSpan};
use router_core::id::ModelId;
use router_core::usd::Usd;
use router_store::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, Tally};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::page::visible_tenant;
use super::requests::MODEL_ID;
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// The longest that hours are told of: a quarter of a year, at which one model has 2,200 of them.
const MOST_HOURS: i64 = 93 * 24;
/// The longest that days are told of.
const MOST_DAYS: i64 = 3 * 366;

/// What was asked in a stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StatsView {
    /// Each model in each stretch of time, by time; stretches without requests are left out.
    items: Vec<StatView>,
    /// All of them together.
    total: TallyView,
}

/// One model in one stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StatView {
    /// When it begins.
    #[schemars(with = "String", extend("format" = "date-time"))]
    start: Timestamp,
    /// The model that answered, or was asked last; null where none was asked for.
    model_id: Option<ModelId>,
    #[serde(flatten)]
    tally: TallyView,
}

/// What requests add up to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TallyView {
    requests: u64,
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    outcome_unknown: u64,
    /// Those that were answered from the cache.
    cached: u64,
    /// Tokens of prompts, those too that providers cached.
    input_tokens: u64,
    output_tokens: u64,
    /// In US dollars, of those whose price is known.
    #[schemars(with = "f64")]
    cost_usd: Usd,
    /// Those whose price nobody knows: they are in no sum of costs.
    unpriced: u64,
    /// Of those whose end somebody saw; null where there is none.
    mean_latency_ms: Option<f64>,
    /// Of the same, what half of them took at most: read off ten bounds from 100 ms to 64 s, and not more exact than those.
    p50_latency_ms: Option<f64>,
    /// What 95 of a hundred took at most, likewise.
    p95_latency_ms: Option<f64>,
    /// What 99 of a hundred took at most, likewise.
    p99_latency_ms: Option<f64>,
    /// Those that more than one model was asked for.
    failed_over: u64,
}

fn step(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["hour", "day"], "default": "hour"})
}

fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time"})
}

pub(crate) const STATS: Operation = Operation {
    id: "getStats",
    summary: "Sums of requests, tokens, costs and latency over time",
    description: "Of the caller's tenant; of all for an administrator. Exact, and kept when the records themselves are deleted. \
                  Requests that ended within the last second may be missing.",
    query: &[
        Parameter {
            name: "from",
            schema: time,
            description: "From the hour of this time; a day before `to` unless given.",
        },
        Parameter { name: "to", schema: time, description: "To the hour of this time, included; now unless given." },
        Parameter { name: "step", schema: step, description: "How long a stretch is. Days begin at midnight in UTC." },
        MODEL_ID,
    ],
    body: None,
    answer: Answer { status: 200, description: "The sums.", content: Content::Json(crate::route::schema::<StatsView>) },
    errors: &[503],
};

pub(crate) async fn stats(asked: Asked) -> Result<Reply, ApiError> {
    const TIME: &str = "a time such as 2026-11-23T19:00:00Z";
    let to = asked.query.parsed("to", TIME)?.unwrap_or_else(wall_clock::now);
    let from: Option<Timestamp> = asked.query.parsed("from", TIME)?;
    let from = from.unwrap_or_else(|| to.saturating_sub(24.hours()).unwrap_or(to));
    let steps = |name: &str| match name {
        "hour" => Some(1),
        "day" => Some(24),
        _ => None,
    };
    let step_hours = asked.query.one_of("step", steps, &["hour", "day"])?.unwrap_or(1);
    let most = if step_hours == 1 { MOST_HOURS } else { MOST_DAYS * 24 };
    let hours = to.duration_since(from).as_hours();
    if from > to || hours > most {
        let problem = format!("must be before `to`, by {} days at most for this step", most / 24);
        return Err(ApiError::invalid("from", problem));
    }
    let filter = StatisticsFilter {
        tenant: visible_tenant(&asked.principal),
        model_id: asked.query.text("modelId").map(ModelId::from),
        from,
        to,
        step_hours,
    };
    let sums = within_deadline("add up what was asked", asked.app.parts.statistics.statistics(&filter)).await?;
    if sums.len() > MOST_STATISTICS {
        let problem = format!(
            "names a time with more than {MOST_STATISTICS} sums; ask for a shorter one, for days, or for one model"
        );
        return Err(ApiError::invalid("from", problem));
    }
    let total = sums.iter().fold(Tally::default(), |total, sum| total.plus(&sum.tally));
    ok(&StatsView { items: sums.into_iter().map(StatView::from).collect(), total: total.into() })
}

impl From<Statistic> for StatView {
    fn from(Statistic { start, model_id, tally }: Statistic) -> Self {
        Self { start, model_id, tally: tally.into() }
    }
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        let ended = tally.ended();
        let quantile = |share| tally.latency_quantile(share).map(|latency| latency.as_secs_f64() * 1e3);
        Self {
            requests: tally.requests,
            succeeded: tally.succeeded,
            failed: tally.failed,
            cancelled: tally.cancelled,
            outcome_unknown: tally.outcome_unknown,
            cached: tally.cached,
            input_tokens: tally.input_tokens,
            output_tokens: tally.output_tokens,
            cost_usd: tally.cost,
            unpriced: tally.unpriced,
            mean_latency_ms: (ended > 0).then(|| tally.latency.as_secs_f64() * 1e3 / ended as f64),
            p50_latency_ms: quantile(0.5),
            p95_latency_ms: quantile(0.95),
            p99_latency_ms: quantile(0.99),
            failed_over: tally.failed_over,
        }
    }
}
