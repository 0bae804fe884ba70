//! Evaluation runs in SQLite.

use async_trait::async_trait;
use diesel::dsl::count_star;
use diesel::prelude::*;
use router_core::id::{RequestId, TenantId};

use super::SqliteStore;
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::run::{EvalRun, RunStore};
use crate::tables::operation::Operation;
use crate::tables::runs::{RunRow, Scored, WHAT};
use crate::tables::schema::{eval_runs, eval_scores};
use crate::tables::sql_types::Id;

fn scored(connection: &mut SqliteConnection, rows: &[RunRow]) -> QueryResult<Scored> {
    let theirs = eval_scores::table.filter(eval_scores::run_id.eq_any(rows.iter().map(|row| row.id)));
    let counts = theirs.group_by(eval_scores::run_id).select((eval_scores::run_id.assume_not_null(), count_star()));
    counts.load::<(Id, i64)>(connection).map(|counts| counts.into_iter().collect())
}

#[async_trait]
impl RunStore for SqliteStore {
    async fn put_run(&self, run: &EvalRun) -> Result<(), StoreError> {
        let row = RunRow::from_run(run)?;
        let put = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(eval_runs::table).values(&row);
            insert.on_conflict(eval_runs::id).do_update().set(&row).execute(connection).map(drop)
        };
        self.write(Operation { action: "write an evaluation run", what: WHAT }, put).await
    }

    async fn run(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<EvalRun>, StoreError> {
        let operation = Operation { action: "read an evaluation run", what: WHAT };
        let tenant = tenant.map(ToString::to_string);
        let find = move |connection: &mut SqliteConnection| {
            let mut query = eval_runs::table.find(Id::from(id)).select(RunRow::as_select()).into_boxed();
            if let Some(tenant) = tenant {
                query = query.filter(eval_runs::tenant.eq(tenant));
            }
            let rows: Vec<RunRow> = query.load(connection).map_err(|error| operation.failed(&error))?;
            let scored = scored(connection, &rows).map_err(|error| operation.failed(&error))?;
            rows.into_iter().next().map(|row| row.into_run(&scored)).transpose()
        };
        self.read(operation, find).await
    }

    async fn runs(&self, tenant: Option<&TenantId>, page: PageRequest) -> Result<Page<EvalRun>, StoreError> {
        let operation = Operation { action: "list evaluation runs", what: WHAT };
        let tenant = tenant.map(ToString::to_string);
        let list = move |connection: &mut SqliteConnection| {
            let mut query = eval_runs::table.select(RunRow::as_select()).into_boxed();
            if let Some(tenant) = tenant {
                query = query.filter(eval_runs::tenant.eq(tenant));
            }
            if let Some(before) = page.before {
                query = query.filter(eval_runs::id.lt(Id::from(before)));
            }
            let newest = query.order(eval_runs::id.desc()).limit(page.clamped_limit() as i64 + 1);
            let rows: Vec<RunRow> = newest.load(connection).map_err(|error| operation.failed(&error))?;
            let scored = scored(connection, &rows).map_err(|error| operation.failed(&error))?;
            let runs = rows.into_iter().map(|row| row.into_run(&scored)).collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(runs, page.clamped_limit(), |run: &EvalRun| run.id))
        };
        self.read(operation, list).await
    }
}
