//! `POST /api/feedback`, `GET /api/feedback`: what people say of answers.

use http::StatusCode;
use jiff::Timestamp;
use router_core::id::{ModelId, RequestId};
use router_core::prompt_type::PromptType;
use router_store::feedback::{Feedback, FeedbackFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judged::{self, Named, Thumb};
use super::page::{BEFORE, LIMIT, PageView, visible_tenant};
use super::requests::MODEL_ID;
use crate::error::ApiError;
use crate::json::{self, Object, Word};
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// An opinion of an answer. The answer is named by `requestId`, or by `modelId`, `prompt` and `response`; the opinion
/// stands at the top level, or in `feedback`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FeedbackRequest {
    /// The request whose answer is meant.
    request_id: Option<RequestId>,
    /// The model whose answer is meant. One that the registry does not know is kept as `unresolved`.
    model_id: Option<String>,
    prompt: Option<String>,
    response: Option<String>,
    feedback: Option<Object<Opinion>>,
    /// 1 (bad) to 5 (good).
    #[schemars(range(min = 1, max = 5))]
    rating: Option<i64>,
    /// Instead of `rating`: up is 5, down is 1.
    thumbs: Option<Word<Thumb>>,
    /// What the opinion is about: `accuracy`, `style`.
    category: Option<String>,
    comment: Option<String>,
}

/// An opinion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Opinion {
    /// 1 (bad) to 5 (good).
    #[schemars(range(min = 1, max = 5))]
    rating: Option<i64>,
    /// Instead of `rating`: up is 5, down is 1.
    thumbs: Option<Word<Thumb>>,
    /// What the opinion is about: `accuracy`, `style`.
    category: Option<String>,
    comment: Option<String>,
}

/// An opinion as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FeedbackView {
    id: RequestId,
    request_id: Option<RequestId>,
    model_id: ModelId,
    /// The registry does not know the model: kept, and never learned from.
    unresolved: bool,
    /// The prompt's type, as classified.
    prompt_type: Option<PromptType>,
    rating: u8,
    category: Option<String>,
    comment: Option<String>,
    /// The prompt, where the server keeps it.
    prompt: Option<String>,
    /// The answer, where the server keeps it.
    response: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

pub(crate) const REQUEST_ID: Parameter =
    Parameter { name: "requestId", schema: schema::<RequestId>, description: "Only about this request." };

pub(crate) const ADD: Operation = Operation {
    id: "addFeedback",
    summary: "Say what you think of an answer",
    description: "The answer is named by `requestId`, or by `modelId`, `prompt` and `response`.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<FeedbackRequest>,
        examples: &[
            (
                "byPair",
                r#"{"modelId": "gpt-4o", "prompt": "What is AI?", "response": "AI is...", "feedback": {"rating": 5, "category": "accuracy", "comment": "Great explanation!"}}"#,
            ),
            ("byRequest", r#"{"requestId": "019abc00-0000-7000-8000-000000000000", "thumbs": "up"}"#),
        ],
    }),
    answer: Answer {
        status: 201,
        description: "The opinion as it is kept.",
        content: Content::Json(schema::<FeedbackView>),
    },
    errors: &[404, 503],
};

pub(crate) const LIST: Operation = Operation {
    id: "listFeedback",
    summary: "Feedback, newest first",
    description: "Of the caller's tenant; of all for an administrator.",
    query: &[MODEL_ID, REQUEST_ID, LIMIT, BEFORE],
    body: None,
    answer: Answer {
        status: 200,
        description: "A page of feedback.",
        content: Content::Json(schema::<PageView<FeedbackView>>),
    },
    errors: &[503],
};

pub(crate) async fn add(asked: Asked) -> Result<Reply, ApiError> {
    let request: FeedbackRequest = json::read(&asked.body)?;
    let FeedbackRequest { request_id, model_id, prompt, response, feedback, rating, thumbs, category, comment } =
        request;
    let top_level = Opinion { rating, thumbs, category, comment };
    let (opinion, at) = match feedback {
        Some(_) if !top_level.is_empty() => {
            return Err(ApiError::invalid("feedback", "given beside an opinion at the top level; send one of the two"));
        }
        Some(Object(nested)) => (nested, "feedback."),
        None => (top_level, ""),
    };
    let rating = judged::rating(at, opinion.rating, opinion.thumbs)?;
    let rating = rating.ok_or_else(|| ApiError::invalid(format!("{at}rating"), "missing; send 1 to 5, or `thumbs`"))?;
    let category = judged::name(&format!("{at}category"), opinion.category)?;
    let comment = judged::comment(&format!("{at}comment"), opinion.comment)?;
    let subject = Named { request_id, model_id, prompt, response }.resolve(&asked).await?;
    let feedback = Feedback {
        id: asked.id,
        tenant: subject.tenant,
        key: asked.principal.key.clone(),
        request_id: subject.request_id,
        model_id: subject.model_id,
        unresolved: subject.unresolved,
        prompt_type: subject.prompt_type,
        rating,
        category,
        comment,
        prompt: subject.prompt,
        response: subject.response,
        created_at: wall_clock::now(),
    };
    within_deadline("take feedback", asked.app.parts.feedback.add(&feedback)).await?;
    answer_json(StatusCode::CREATED, &FeedbackView::from(feedback))
}

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let filter = FeedbackFilter {
        tenant: visible_tenant(&asked.principal),
        model_id: asked.query.text("modelId").map(ModelId::from),
        request_id: asked.query.parsed("requestId", "a request's id: a UUID")?,
    };
    let page = within_deadline("list feedback", asked.app.parts.feedback.list(&filter, asked.query.page()?)).await?;
    ok(&PageView::of(page, FeedbackView::from))
}

impl Opinion {
    fn is_empty(&self) -> bool {
        self.rating.is_none() && self.thumbs.is_none() && self.category.is_none() && self.comment.is_none()
    }
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        Self {
            id: feedback.id,
            request_id: feedback.request_id,
            model_id: feedback.model_id,
            unresolved: feedback.unresolved,
            prompt_type: feedback.prompt_type,
            rating: feedback.rating,
            category: feedback.category,
            comment: feedback.comment,
            prompt: feedback.prompt,
            response: feedback.response,
            created_at: feedback.created_at,
        }
    }
}
