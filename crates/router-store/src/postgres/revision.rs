//! The number that replicas poll, in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::revision::Revision;
use crate::tables::columns::Row;
use crate::tables::operation::Operation;
use crate::tables::schema::revision;

const WHAT: &str = "revision";

/// What ends every change of something that replicas keep in memory. Its row is locked until the transaction ends, so that
/// numbers become visible in their order.
pub(super) async fn raise_revision(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let raised = revision::number.eq(revision::number + 1);
    diesel::update(revision::table).set(raised).execute(connection).await.map(drop)
}

#[async_trait]
impl Revision for PostgresStore {
    async fn revision(&self) -> Result<u64, StoreError> {
        let operation = Operation { action: "tell the revision", what: WHAT };
        let read = task::<i64, _>(|connection| {
            Box::pin(async move { revision::table.select(revision::number).first(connection).await })
        });
        let number = self.read(operation, read).await?;
        Row { what: WHAT, id: &1 }.uncount("revision", number)
    }
}
