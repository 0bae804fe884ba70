//! Rows of evaluation scores.

use diesel::prelude::*;

use super::columns::Row;
use super::schema::eval_scores;
use super::sql_types::Id;
use crate::error::StoreError;
use crate::score::EvalScore;

pub(crate) const WHAT: &str = "evaluation score";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = eval_scores, treat_none_as_default_value = false)]
pub(crate) struct ScoreRow {
    pub(crate) id: Id,
    pub(crate) tenant: String,
    pub(crate) request_id: Option<Id>,
    pub(crate) model_id: String,
    pub(crate) unresolved: bool,
    pub(crate) prompt_type: Option<String>,
    pub(crate) score: f64,
    pub(crate) metric: String,
    pub(crate) judge: String,
    pub(crate) comment: Option<String>,
    pub(crate) created_at_us: i64,
    pub(crate) prompt: Option<String>,
    pub(crate) response: Option<String>,
    pub(crate) run_id: Option<Id>,
}

impl From<&EvalScore> for ScoreRow {
    fn from(score: &EvalScore) -> Self {
        Self {
            id: score.id.into(),
            tenant: score.tenant.to_string(),
            request_id: score.request_id.map(Into::into),
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
            run_id: score.run_id.map(Into::into),
        }
    }
}

impl ScoreRow {
    pub(crate) fn into_score(self) -> Result<EvalScore, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(EvalScore {
            id: self.id.into(),
            tenant: self.tenant.into(),
            request_id: self.request_id.map(Into::into),
            run_id: self.run_id.map(Into::into),
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
