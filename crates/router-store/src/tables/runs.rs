//! Rows of evaluation runs.

use std::collections::HashMap;

use diesel::prelude::*;

use super::columns::Row;
use super::schema::eval_runs;
use super::sql_types::Id;
use crate::error::StoreError;
use crate::run::EvalRun;

pub(crate) const WHAT: &str = "evaluation run";

/// How many scores each run has.
pub(crate) type Scored = HashMap<Id, i64>;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = eval_runs, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct RunRow {
    pub(crate) id: Id,
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) total: Option<i64>,
    pub(crate) message: Option<String>,
    pub(crate) started_at_us: i64,
    pub(crate) ended_at_us: Option<i64>,
}

impl RunRow {
    pub(crate) fn from_run(run: &EvalRun) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &run.id };
        Ok(Self {
            id: run.id.into(),
            tenant: run.tenant.to_string(),
            name: run.name.clone(),
            status: run.status.name().to_owned(),
            total: run.total.map(|total| row.count("total", total)).transpose()?,
            message: run.message.clone(),
            started_at_us: run.started_at.as_microsecond(),
            ended_at_us: run.ended_at.map(|at| at.as_microsecond()),
        })
    }

    pub(crate) fn into_run(self, scored: &Scored) -> Result<EvalRun, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(EvalRun {
            id: self.id.into(),
            tenant: self.tenant.into(),
            name: self.name,
            status: row.named("status", &self.status)?,
            total: self.total.map(|total| row.uncount("total", total)).transpose()?,
            scored: row.uncount("scored", scored.get(&self.id).copied().unwrap_or_default())?,
            message: self.message,
            started_at: row.time("started_at_us", self.started_at_us)?,
            ended_at: self.ended_at_us.map(|at| row.time("ended_at_us", at)).transpose()?,
        })
    }
}
