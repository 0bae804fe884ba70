//! Evaluation scores in SQLite.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use router_core::id::RequestId;

use super::SqliteStore;
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::score::{EvalScore, ScoreFilter, ScoreStore};
use crate::tables::operation::Operation;
use crate::tables::schema::eval_scores;
use crate::tables::scores::{ScoreRow, WHAT};
use crate::tables::sql_types::Id;

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
        query = query.filter(eval_scores::request_id.eq(Id(request)));
    }
    if let Some(RequestId(run)) = filter.run_id {
        query = query.filter(eval_scores::run_id.eq(Id(run)));
    }
    if let Some(RequestId(before)) = page.before {
        query = query.filter(eval_scores::id.lt(Id(before)));
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
