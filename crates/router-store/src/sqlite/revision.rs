//! The number that replicas poll, in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use crate::error::StoreError;
use crate::revision::Revision;
use crate::tables::columns::Row;
use crate::tables::operation::Operation;
use crate::tables::schema::revision;

const WHAT: &str = "revision";

/// What ends every change of something that replicas keep in memory.
pub(super) fn raise_revision(connection: &mut SqliteConnection) -> QueryResult<()> {
    let raised = revision::number.eq(revision::number + 1);
    diesel::update(revision::table).set(raised).execute(connection).map(drop)
}

#[async_trait]
impl Revision for SqliteStore {
    async fn revision(&self) -> Result<u64, StoreError> {
        let operation = Operation { action: "tell the revision", what: WHAT };
        let read = move |connection: &mut SqliteConnection| {
            let count: i64 =
                revision::table.select(revision::number).first(connection).map_err(|error| operation.failed(&error))?;
            Row { what: WHAT, id: &1 }.uncount("revision", count)
        };
        self.read(operation, read).await
    }
}
