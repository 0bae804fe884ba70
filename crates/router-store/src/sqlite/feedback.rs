//! Feedback in SQLite.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use router_core::id::RequestId;

use super::SqliteStore;
use super::failure::Operation;
use super::schema::feedback;
use crate::columns::Row;
use crate::error::StoreError;
use crate::feedback::{Feedback, FeedbackFilter, FeedbackStore};
use crate::page::{Page, PageRequest};

const WHAT: &str = "feedback";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = feedback, treat_none_as_default_value = false)]
pub(super) struct FeedbackRow {
    id: Vec<u8>,
    tenant: String,
    key_id: Option<String>,
    request_id: Option<Vec<u8>>,
    model_id: String,
    unresolved: bool,
    prompt_type: Option<String>,
    rating: i32,
    category: Option<String>,
    comment: Option<String>,
    created_at_us: i64,
    prompt: Option<String>,
    response: Option<String>,
}

impl From<&Feedback> for FeedbackRow {
    fn from(feedback: &Feedback) -> Self {
        Self {
            id: feedback.id.0.as_bytes().to_vec(),
            tenant: feedback.tenant.to_string(),
            key_id: feedback.key.as_ref().map(ToString::to_string),
            request_id: feedback.request_id.map(|id| id.0.as_bytes().to_vec()),
            model_id: feedback.model_id.to_string(),
            unresolved: feedback.unresolved,
            prompt_type: feedback.prompt_type.map(|kind| kind.name().to_owned()),
            rating: feedback.rating.into(),
            category: feedback.category.clone(),
            comment: feedback.comment.clone(),
            created_at_us: feedback.created_at.as_microsecond(),
            prompt: feedback.prompt.clone(),
            response: feedback.response.clone(),
        }
    }
}

impl FeedbackRow {
    fn into_feedback(self) -> Result<Feedback, StoreError> {
        let id = Row { what: WHAT, id: &self.id }.id("id", &self.id)?;
        let row = Row { what: WHAT, id: &id };
        Ok(Feedback {
            id,
            tenant: self.tenant.into(),
            key: self.key_id.map(Into::into),
            request_id: self.request_id.map(|bytes| row.id("request_id", &bytes)).transpose()?,
            model_id: self.model_id.into(),
            unresolved: self.unresolved,
            prompt_type: self.prompt_type.map(|name| row.named("prompt_type", &name)).transpose()?,
            rating: u8::try_from(self.rating).map_err(row.corrupt("rating"))?,
            category: self.category,
            comment: self.comment,
            prompt: self.prompt,
            response: self.response,
            created_at: row.time("created_at_us", self.created_at_us)?,
        })
    }
}

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
        query = query.filter(feedback::request_id.eq(request.as_bytes().to_vec()));
    }
    if let Some(RequestId(before)) = page.before {
        query = query.filter(feedback::id.lt(before.as_bytes().to_vec()));
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
