//! Revocations of sessions in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::revision::raise_revision;
use super::{PostgresStore, task};
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
impl RevocationStore for PostgresStore {
    async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let (token, until) = (revocation.token.clone(), revocation.until.as_microsecond());
        let operation = Operation { action: "write a revocation", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let values = (revocations::token.eq(token), revocations::until_us.eq(until));
                let insert = diesel::insert_into(revocations::table).values(values);
                insert.on_conflict(revocations::token).do_nothing().execute(connection).await?;
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
    }

    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let operation = Operation { action: "list revocations", what: WHAT };
        let load = task::<Vec<(String, i64)>, _>(move |connection| {
            let valid = revocations::table.filter(revocations::until_us.gt(now.as_microsecond()));
            Box::pin(async move { valid.order(revocations::token).load(connection).await })
        });
        self.read(operation, load).await?.into_iter().map(read).collect()
    }
}
