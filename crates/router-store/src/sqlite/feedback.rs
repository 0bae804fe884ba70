//! Feedback in SQLite.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use router_core::id::RequestId;

use super::SqliteStore;
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
    match (&filter.model_id, filter.request_id) {
        (Some(model), None) => query = query.filter(feedback::model_id.eq(model.to_string())),
        // An expression, so that SQLite does not prefer the index of the model, which has many rows, to that of the
        // request, which has few.
        (Some(model), Some(_)) => query = query.filter(feedback::model_id.concat("").eq(model.to_string())),
        (None, _) => {}
    }
    if let Some(RequestId(request)) = filter.request_id {
        query = query.filter(feedback::request_id.eq(Id(request)));
    }
    if let Some(RequestId(before)) = page.before {
        query = query.filter(feedback::id.lt(Id(before)));
    }
    query.order(feedback::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<feedback::table, AsSelect<FeedbackRow, Sqlite>>, Sqlite>;

#[async_trait]
impl FeedbackStore for SqliteStore {
    async fn add(&self, feedback: &Feedback) -> Result<(), StoreError> {
        let row = FeedbackRow::from(feedback);
        let insert = move |connection: &mut SqliteConnection| {
            // Not `INSERT OR IGNORE`, which would also ignore what the table refuses.
            diesel::insert_into(feedback::table)
                .values(&row)
                .on_conflict(feedback::id)
                .do_nothing()
                .execute(connection)
                .map(drop)
        };
        self.write(Operation { action: "keep feedback", what: WHAT }, insert).await
    }

    async fn list(&self, filter: &FeedbackFilter, request: PageRequest) -> Result<Page<Feedback>, StoreError> {
        let operation = Operation { action: "list feedback", what: WHAT };
        let query = page(filter, request);
        let load = move |connection: &mut SqliteConnection| {
            let rows = query.load::<FeedbackRow>(connection).map_err(|error| operation.failed(&error))?;
            let items = rows.into_iter().map(FeedbackRow::into_feedback).collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(items, request.clamped_limit(), |feedback: &Feedback| feedback.id))
        };
        self.read(operation, load).await
    }
}
