//! Evaluation scores in PostgreSQL.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{PostgresStore, task, text};
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
    if let Some(model) = &filter.model_id {
        query = query.filter(eval_scores::model_id.eq(model.to_string()));
    }
    if let Some(request) = filter.request_id {
        query = query.filter(eval_scores::request_id.eq(Id::from(request)));
    }
    if let Some(run) = filter.run_id {
        query = query.filter(eval_scores::run_id.eq(Id::from(run)));
    }
    if let Some(before) = page.before {
        query = query.filter(eval_scores::id.lt(Id::from(before)));
    }
    query.order(eval_scores::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<eval_scores::table, AsSelect<ScoreRow, Pg>>, Pg>;

#[async_trait]
impl ScoreStore for PostgresStore {
    async fn add(&self, score: &EvalScore) -> Result<(), StoreError> {
        let mut row = ScoreRow::from(score);
        text::of_score(WHAT, &mut row)?;
        let insert = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(eval_scores::table).values(&row);
                insert.on_conflict(eval_scores::id).do_nothing().execute(connection).await.map(drop)
            })
        });
        self.write(Operation { action: "keep an evaluation score", what: WHAT }, insert).await
    }

    async fn list(&self, filter: &ScoreFilter, request: PageRequest) -> Result<Page<EvalScore>, StoreError> {
        let operation = Operation { action: "list evaluation scores", what: WHAT };
        let query = page(filter, request);
        let load = task::<Vec<ScoreRow>, _>(move |connection| Box::pin(async move { query.load(connection).await }));
        let rows = self.read(operation, load).await?;
        let items = rows.into_iter().map(ScoreRow::into_score).collect::<Result<_, _>>()?;
        Ok(Page::with_one_more(items, request.clamped_limit(), |score: &EvalScore| score.id))
    }
}
