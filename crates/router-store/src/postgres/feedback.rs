//! Feedback in PostgreSQL.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{PostgresStore, task, text};
use crate::error::StoreError;
use crate::feedback::{Feedback, FeedbackFilter, FeedbackStore};
use crate::page::{Page, PageRequest};
use crate::tables::feedback::{FeedbackRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::feedback;
use crate::tables::sql_types::Id;

/// The newest rows that `filter` lets through.
pub(super) fn page(filter: &FeedbackFilter, page: PageRequest) -> Listing {
    let mut query = feedback::table.select(FeedbackRow::as_select()).into_boxed();
    if let Some(tenant) = &filter.tenant {
        query = query.filter(feedback::tenant.eq(tenant.to_string()));
    }
    if let Some(model) = &filter.model_id {
        query = query.filter(feedback::model_id.eq(model.to_string()));
    }
    if let Some(request) = filter.request_id {
        query = query.filter(feedback::request_id.eq(Id::from(request)));
    }
    if let Some(before) = page.before {
        query = query.filter(feedback::id.lt(Id::from(before)));
    }
    query.order(feedback::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<feedback::table, AsSelect<FeedbackRow, Pg>>, Pg>;

#[async_trait]
impl FeedbackStore for PostgresStore {
    async fn add(&self, given: &Feedback) -> Result<(), StoreError> {
        let mut row = FeedbackRow::from(given);
        text::of_feedback(WHAT, &mut row)?;
        let insert = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(feedback::table).values(&row);
                insert.on_conflict(feedback::id).do_nothing().execute(connection).await.map(drop)
            })
        });
        self.write(Operation { action: "keep feedback", what: WHAT }, insert).await
    }

    async fn list(&self, filter: &FeedbackFilter, request: PageRequest) -> Result<Page<Feedback>, StoreError> {
        let operation = Operation { action: "list feedback", what: WHAT };
        let query = page(filter, request);
        let load = task::<Vec<FeedbackRow>, _>(move |connection| Box::pin(async move { query.load(connection).await }));
        let rows = self.read(operation, load).await?;
        let items = rows.into_iter().map(FeedbackRow::into_feedback).collect::<Result<_, _>>()?;
        Ok(Page::with_one_more(items, request.clamped_limit(), |given: &Feedback| given.id))
    }
}
