//! `POST /api/eval`, `GET /api/eval`: what judges say of answers.

use http::StatusCode;
use jiff::Timestamp;
use router_core::id::{ModelId, RequestId};
use router_core::prompt_type::PromptType;
use router_store::run::RunStatus;
use router_store::score::{EvalScore, ScoreFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::eval_runs;
use super::feedback::REQUEST_ID;
use super::judged::{self, Named, Thumb};
use super::page::{BEFORE, LIMIT, PageView, visible_tenant};
use super::requests::MODEL_ID;
use crate::error::ApiError;
use crate::json::{self, Object, Word};
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// What was judged when the judge does not say.
const DEFAULT_METRIC: &str = "overall";
/// Who judged when nobody says.
const DEFAULT_JUDGE: &str = "human";

/// A judgement of an answer. The answer is named by `requestId`, or by `modelId`, `prompt` and `response`; the
/// judgement stands at the top level, or in `feedback`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EvalRequest {
    /// The request whose answer is meant.
    request_id: Option<RequestId>,
    /// The evaluation it is part of, which `POST /api/eval/runs` began.
    run_id: Option<RequestId>,
    /// The model whose answer is meant. One that the registry does not know is kept as `unresolved`.
    model_id: Option<String>,
    prompt: Option<String>,
    response: Option<String>,
    feedback: Option<Object<Judgement>>,
    /// 0 (bad) to 1 (good).
    #[schemars(range(min = 0, max = 1))]
    score: Option<f64>,
    /// Instead of `score`: 1 to 5, which become 0 to 1 in steps of a quarter.
    #[schemars(range(min = 1, max = 5))]
    rating: Option<i64>,
    /// Instead of `score`: up is 1, down is 0.
    thumbs: Option<Word<Thumb>>,
    /// What was judged: `accuracy`, `helpfulness`. `overall` unless given.
    metric: Option<String>,
    /// The same, as feedback calls it.
    category: Option<String>,
    /// Who judged: `human`, a model, a program. `human` unless given.
    judge: Option<String>,
    /// Why.
    comment: Option<String>,
}

/// A judgement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Judgement {
    /// 0 (bad) to 1 (good).
    #[schemars(range(min = 0, max = 1))]
    score: Option<f64>,
    /// Instead of `score`: 1 to 5, which become 0 to 1 in steps of a quarter.
    #[schemars(range(min = 1, max = 5))]
    rating: Option<i64>,
    /// Instead of `score`: up is 1, down is 0.
    thumbs: Option<Word<Thumb>>,
    /// What was judged: `accuracy`, `helpfulness`. `overall` unless given.
    metric: Option<String>,
    /// The same, as feedback calls it.
    category: Option<String>,
    /// Who judged: `human`, a model, a program. `human` unless given.
    judge: Option<String>,
    /// Why.
    comment: Option<String>,
}

/// A judgement as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScoreView {
    id: RequestId,
    request_id: Option<RequestId>,
    /// The evaluation it is part of.
    run_id: Option<RequestId>,
    model_id: ModelId,
    /// The registry does not know the model: kept, and never learned from.
    unresolved: bool,
    /// The prompt's type, as classified.
    prompt_type: Option<PromptType>,
    /// 0 (bad) to 1 (good).
    score: f64,
    metric: String,
    judge: String,
    comment: Option<String>,
    /// The prompt, where the server keeps it.
    prompt: Option<String>,
    /// The answer, where the server keeps it.
    response: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

pub(crate) const ADD: Operation = Operation {
    id: "addEvalScore",
    summary: "Score an answer",
    description: "The answer is named by `requestId`, or by `modelId`, `prompt` and `response`.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<EvalRequest>,
        examples: &[
            (
                "byRequest",
                r#"{"requestId": "019abc00-0000-7000-8000-000000000000", "score": 0.9, "metric": "accuracy", "judge": "exact-match"}"#,
            ),
            (
                "byPair",
                r#"{"modelId": "gpt-4o", "prompt": "What is AI?", "response": "AI is...", "feedback": {"rating": 5, "category": "accuracy", "comment": "Great explanation!"}}"#,
            ),
        ],
    }),
    answer: Answer {
        status: 201,
        description: "The judgement as it is kept.",
        content: Content::Json(schema::<ScoreView>),
    },
    errors: &[404, 503],
};

pub(crate) const LIST: Operation = Operation {
    id: "listEvalScores",
    summary: "Evaluation scores, newest first",
    description: "Of the caller's tenant; of all for an administrator.",
    query: &[
        MODEL_ID,
        REQUEST_ID,
        Parameter { name: "runId", schema: schema::<RequestId>, description: "Only of this evaluation." },
        LIMIT,
        BEFORE,
    ],
    body: None,
    answer: Answer {
        status: 200,
        description: "A page of scores.",
        content: Content::Json(schema::<PageView<ScoreView>>),
    },
    errors: &[503],
};

pub(crate) async fn add(asked: Asked) -> Result<Reply, ApiError> {
    let request: EvalRequest = json::read(&asked.body)?;
    let EvalRequest { request_id, run_id, model_id, prompt, response, feedback, .. } = request;
    let top_level = Judgement {
        score: request.score,
        rating: request.rating,
        thumbs: request.thumbs,
        metric: request.metric,
        category: request.category,
        judge: request.judge,
        comment: request.comment,
    };
    let (judgement, at) = match feedback {
        Some(_) if !top_level.is_empty() => {
            return Err(ApiError::invalid(
                "feedback",
                "given beside a judgement at the top level; send one of the two",
            ));
        }
        Some(Object(nested)) => (nested, "feedback."),
        None => (top_level, ""),
    };
    let score = judgement.score(at)?;
    let metric = match (judgement.metric, judgement.category) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(format!("{at}category"), "given beside `metric`; send one of the two"));
        }
        (Some(metric), None) => judged::name(&format!("{at}metric"), Some(metric))?,
        (None, category) => judged::name(&format!("{at}category"), category)?,
    };
    let judge = judged::name(&format!("{at}judge"), judgement.judge)?;
    let comment = judged::comment(&format!("{at}comment"), judgement.comment)?;
    if let Some(run) = run_id {
        let run = eval_runs::find(&asked.app, visible_tenant(&asked.principal).as_ref(), run, Some("runId")).await?;
        if run.status != RunStatus::Running {
            return Err(ApiError::invalid("runId", format!("the run has ended: it is {}", run.status.name())));
        }
    }
    let subject = Named { request_id, model_id, prompt, response }.resolve(&asked).await?;
    let score = EvalScore {
        id: asked.id,
        tenant: subject.tenant,
        request_id: subject.request_id,
        run_id,
        model_id: subject.model_id,
        unresolved: subject.unresolved,
        prompt_type: subject.prompt_type,
        score,
        metric: metric.unwrap_or_else(|| DEFAULT_METRIC.to_owned()),
        judge: judge.unwrap_or_else(|| DEFAULT_JUDGE.to_owned()),
        comment,
        prompt: subject.prompt,
        response: subject.response,
        created_at: wall_clock::now(),
    };
    within_deadline("take a score", asked.app.parts.scores.add(&score)).await?;
    answer_json(StatusCode::CREATED, &ScoreView::from(score))
}

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let filter = ScoreFilter {
        tenant: visible_tenant(&asked.principal),
        model_id: asked.query.text("modelId").map(ModelId::from),
        request_id: asked.query.parsed("requestId", "a request's id: a UUID")?,
        run_id: asked.query.parsed("runId", "a run's id: a UUID")?,
    };
    let page = within_deadline("list scores", asked.app.parts.scores.list(&filter, asked.query.page()?)).await?;
    ok(&PageView::of(page, ScoreView::from))
}

impl Judgement {
    fn is_empty(&self) -> bool {
        self.score.is_none()
            && self.rating.is_none()
            && self.thumbs.is_none()
            && self.metric.is_none()
            && self.category.is_none()
            && self.judge.is_none()
            && self.comment.is_none()
    }

    /// The score in [0, 1], from whichever of the three ways it was given.
    fn score(&self, at: &str) -> Result<f64, ApiError> {
        let rating = judged::rating(at, self.rating, self.thumbs)?;
        match (self.score, rating) {
            (Some(_), Some(_)) => {
                Err(ApiError::invalid(format!("{at}score"), "given beside a rating; send one of the two"))
            }
            (Some(score), None) if (0.0..=1.0).contains(&score) => Ok(score),
            (Some(score), None) => {
                Err(ApiError::invalid(format!("{at}score"), format!("must be from 0 to 1, and is {score}")))
            }
            (None, Some(rating)) => Ok(f64::from(rating - 1) / 4.0),
            (None, None) => {
                Err(ApiError::invalid(format!("{at}score"), "missing; send 0 to 1, or `rating` (1 to 5), or `thumbs`"))
            }
        }
    }
}

impl From<EvalScore> for ScoreView {
    fn from(score: EvalScore) -> Self {
        Self {
            id: score.id,
            request_id: score.request_id,
            run_id: score.run_id,
            model_id: score.model_id,
            unresolved: score.unresolved,
            prompt_type: score.prompt_type,
            score: score.score,
            metric: score.metric,
            judge: score.judge,
            comment: score.comment,
            prompt: score.prompt,
            response: score.response,
            created_at: score.created_at,
        }
    }
}
