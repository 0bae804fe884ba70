//! Evaluation scores in SQLite.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use router_core::id::RequestId;

use super::SqliteStore;
use super::failure::Operation;
use super::schema::eval_scores;
use crate::columns::Row;
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::score::{EvalScore, ScoreFilter, ScoreStore};

const WHAT: &str = "evaluation score";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = eval_scores, treat_none_as_default_value = false)]
pub(super) struct ScoreRow {
    id: Vec<u8>,
    tenant: String,
    request_id: Option<Vec<u8>>,
    model_id: String,
    unresolved: bool,
    prompt_type: Option<String>,
    score: f64,
    metric: String,
    judge: String,
    comment: Option<String>,
    created_at_us: i64,
    prompt: Option<String>,
    response: Option<String>,
}

impl From<&EvalScore> for ScoreRow {
    fn from(score: &EvalScore) -> Self {
        Self {
            id: score.id.0.as_bytes().to_vec(),
            tenant: score.tenant.to_string(),
            request_id: score.request_id.map(|id| id.0.as_bytes().to_vec()),
            model_id: score.model_id.to_string(),
            unresolved: score.unresolved,
            prompt_type: score.prompt_type.map(|kind| kind.name().to_owned()),
            score: score.score,
            metric: score.metric.clone(),
            judge: score.judge.clone(),
            comment: score.comment.clone(),
            created_at_us: score.created_at.as_microsecond(),
            prompt: score.prompt.clone(),
            response: score.response.clone(),
        }
    }
}

impl ScoreRow {
    fn into_score(self) -> Result<EvalScore, StoreError> {
        let id = Row { what: WHAT, id: &self.id }.id("id", &self.id)?;
        let row = Row { what: WHAT, id: &id };
        Ok(EvalScore {
            id,
            tenant: self.tenant.into(),
            request_id: self.request_id.map(|bytes| row.id("request_id", &bytes)).transpose()?,
            model_id: self.model_id.into(),
            unresolved: self.unresolved,
            prompt_type: self.prompt_type.map(|name| row.named("prompt_type", &name)).transpose()?,
            score: self.score,
            metric: self.metric,
            judge: self.judge,
            comment: self.comment,
            prompt: self.prompt,
            response: self.response,
            created_at: row.time("created_at_us", self.created_at_us)?,
        })
    }
}

/// The newest rows that `filter` lets through.
pub(super) fn page(filter: &ScoreFilter, page: PageRequest) -> Listing {
    let mut query = eval_scores::table.select(ScoreRow::as_select()).into_boxed();
    if let Some(tenant) = &filter.tenant {
        query = query.filter(eval_scores::tenant.eq(tenant.to_string()));
    }
    match (&filter.model_id, filter.request_id) {
        (Some(model), None) => query = query.filter(eval_scores::model_id.eq(model.to_string())),
        // An expression, so that SQLite does not prefer the index of the model, which has many rows, to that of the
        // request, which has few.
        (Some(model), Some(_)) => query = query.filter(eval_scores::model_id.concat("").eq(model.to_string())),
        (None, _) => {}
    }
    if let Some(RequestId(request)) = filter.request_id {
        query = query.filter(eval_scores::request_id.eq(request.as_bytes().to_vec()));
    }
    if let Some(RequestId(before)) = page.before {
        query = query.filter(eval_scores::id.lt(before.as_bytes().to_vec()));
    }
    query.order(eval_scores::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<eval_scores::table, AsSelect<ScoreRow, Sqlite>>, Sqlite>;

#[async_trait]
impl ScoreStore for SqliteStore {
    async fn add(&self, score: &EvalScore) -> Result<(), StoreError> {
        let row = ScoreRow::from(score);
        let insert = move |connection: &mut SqliteConnection| {
            // Not `INSERT OR IGNORE`, which would also ignore what the table refuses.
            diesel::insert_into(eval_scores::table)
                .values(&row)
                .on_conflict(eval_scores::id)
                .do_nothing()
                .execute(connection)
                .map(drop)
        };
        self.write(Operation { action: "keep an evaluation score", what: WHAT }, insert).await
    }

    async fn list(&self, filter: &ScoreFilter, request: PageRequest) -> Result<Page<EvalScore>, StoreError> {
        let operation = Operation { action: "list evaluation scores", what: WHAT };
        let query = page(filter, request);
        let load = move |connection: &mut SqliteConnection| {
            let rows = query.load::<ScoreRow>(connection).map_err(|error| operation.failed(&error))?;
            let items = rows.into_iter().map(ScoreRow::into_score).collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(items, request.clamped_limit(), |score: &EvalScore| score.id))
        };
        self.read(operation, load).await
    }
}
