//! Drops old days from PostgreSQL whole, and makes the next ones.

use async_trait::async_trait;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use jiff::civil::Date;

use super::{PostgresStore, partitions, task};
use crate::error::StoreError;
use crate::retention::Retention;
use crate::tables::operation::Operation;
use crate::tables::requests::WHAT;

/// Held by the one replica that drops, for this table: others of the same database have nothing to do with it.
const LOCK: &str = "pg_try_advisory_xact_lock(1819046258, to_regclass('requests')::oid::int)";

#[async_trait]
impl Retention for PostgresStore {
    async fn forget(&self, keep_from: Date) -> Result<bool, StoreError> {
        partitions::ahead(self).await?;
        let operation = Operation { action: "drop old request records", what: WHAT };
        let drop = task::<bool, _>(move |connection| {
            Box::pin(async move {
                let mine: bool = diesel::select(diesel::dsl::sql::<Bool>(LOCK)).get_result(connection).await?;
                if !mine {
                    // Another replica is at it.
                    return Ok(false);
                }
                partitions::drop_oldest(connection, keep_from).await
            })
        });
        let dropped = self.write(operation, drop).await?;
        if dropped {
            self.known_days.forget();
        }
        Ok(dropped)
    }
}
