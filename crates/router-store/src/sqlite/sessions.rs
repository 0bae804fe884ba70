//! Revocations of sessions in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteStore;
use super::revision::raise_revision;
use crate::error::StoreError;
use crate::sessions::{Revocation, RevocationStore};
use crate::tables::columns::Row;
use crate::tables::operation::Operation;
use crate::tables::schema::revocations;

const WHAT: &str = "revocation";

fn read((token, until_us): (String, i64)) -> Result<Revocation, StoreError> {
    let until = Row { what: WHAT, id: &"a token" }.time("until_us", until_us)?;
    Ok(Revocation { token, until })
}

#[async_trait]
impl RevocationStore for SqliteStore {
    async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let (token, until) = (revocation.token.clone(), revocation.until.as_microsecond());
        let operation = Operation { action: "write a revocation", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            diesel::insert_into(revocations::table)
                .values((revocations::token.eq(token), revocations::until_us.eq(until)))
                .on_conflict(revocations::token)
                .do_nothing()
                .execute(connection)?;
            raise_revision(connection)
        };
        self.write(operation, write).await
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let operation = Operation { action: "list revocations", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let valid = revocations::table.filter(revocations::until_us.gt(now.as_microsecond()));
            let rows: Vec<(String, i64)> =
                valid.order(revocations::token).load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(read).collect()
        };
        self.read(operation, load).await
    }
}
