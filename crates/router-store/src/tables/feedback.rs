//! Rows of feedback.

use diesel::prelude::*;

use super::columns::Row;
use super::schema::feedback;
use super::sql_types::Id;
use crate::error::StoreError;
use crate::feedback::Feedback;

pub(crate) const WHAT: &str = "feedback";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = feedback, treat_none_as_default_value = false)]
pub(crate) struct FeedbackRow {
    pub(crate) id: Id,
    pub(crate) tenant: String,
    pub(crate) key_id: Option<String>,
    pub(crate) request_id: Option<Id>,
    pub(crate) model_id: String,
    pub(crate) unresolved: bool,
    pub(crate) prompt_type: Option<String>,
    pub(crate) rating: i32,
    pub(crate) category: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) created_at_us: i64,
    pub(crate) prompt: Option<String>,
    pub(crate) response: Option<String>,
}

impl From<&Feedback> for FeedbackRow {
    fn from(feedback: &Feedback) -> Self {
        Self {
            id: feedback.id.into(),
            tenant: feedback.tenant.to_string(),
            key_id: feedback.key.as_ref().map(ToString::to_string),
            request_id: feedback.request_id.map(Into::into),
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
    pub(crate) fn into_feedback(self) -> Result<Feedback, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(Feedback {
            id: self.id.into(),
            tenant: self.tenant.into(),
            key: self.key_id.map(Into::into),
            request_id: self.request_id.map(Into::into),
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
