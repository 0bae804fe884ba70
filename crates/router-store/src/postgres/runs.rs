//! Evaluation runs in PostgreSQL.

use async_trait::async_trait;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use router_core::id::{RequestId, TenantId};

use super::text::storable;
use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::run::{EvalRun, RunStore};
use crate::tables::operation::Operation;
use crate::tables::runs::{RunRow, Scored, WHAT};
use crate::tables::schema::{eval_runs, eval_scores};
use crate::tables::sql_types::Id;

async fn scored(connection: &mut AsyncPgConnection, rows: &[RunRow]) -> QueryResult<Scored> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let theirs = eval_scores::table.filter(eval_scores::run_id.eq_any(ids));
    let counts = theirs.group_by(eval_scores::run_id).select((eval_scores::run_id.assume_not_null(), count_star()));
    let counts: Vec<(Id, i64)> = counts.load(connection).await?;
    Ok(counts.into_iter().collect())
}

impl PostgresStore {
    /// The rows of runs that `tenant` may see: the one with that id, or a page.
    async fn run_rows(
        &self,
        operation: Operation,
        tenant: Option<&TenantId>,
        id: Option<RequestId>,
        page: PageRequest,
    ) -> Result<Vec<EvalRun>, StoreError> {
        let tenant = tenant.map(ToString::to_string);
        let load = task::<(Vec<RunRow>, Scored), _>(move |connection| {
            let mut query = eval_runs::table.select(RunRow::as_select()).into_boxed();
            if let Some(tenant) = tenant {
                query = query.filter(eval_runs::tenant.eq(tenant));
            }
            if let Some(id) = id {
                query = query.filter(eval_runs::id.eq(Id::from(id)));
            }
            if let Some(before) = page.before {
                query = query.filter(eval_runs::id.lt(Id::from(before)));
            }
            let newest = query.order(eval_runs::id.desc()).limit(page.clamped_limit() as i64 + 1);
            Box::pin(async move {
                let rows: Vec<RunRow> = newest.load(connection).await?;
                let scored = scored(connection, &rows).await?;
                Ok((rows, scored))
            })
        });
        let (rows, scored) = self.read(operation, load).await?;
        rows.into_iter().map(|row| row.into_run(&scored)).collect()
    }
}

#[async_trait]
impl RunStore for PostgresStore {
    async fn put_run(&self, run: &EvalRun) -> Result<(), StoreError> {
        let mut row = RunRow::from_run(run)?;
        storable(&mut row.name);
        row.message.as_mut().map(storable);
        let put = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(eval_runs::table).values(&row);
                insert.on_conflict(eval_runs::id).do_update().set(&row).execute(connection).await.map(drop)
            })
        });
        self.write(Operation { action: "write an evaluation run", what: WHAT }, put).await
    }

    async fn run(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<EvalRun>, StoreError> {
        let operation = Operation { action: "read an evaluation run", what: WHAT };
        let one = PageRequest { limit: 1, before: None };
        Ok(self.run_rows(operation, tenant, Some(id), one).await?.into_iter().next())
    }

    async fn runs(&self, tenant: Option<&TenantId>, page: PageRequest) -> Result<Page<EvalRun>, StoreError> {
        let operation = Operation { action: "list evaluation runs", what: WHAT };
        let runs = self.run_rows(operation, tenant, None, page).await?;
        Ok(Page::with_one_more(runs, page.clamped_limit(), |run: &EvalRun| run.id))
    }
}
