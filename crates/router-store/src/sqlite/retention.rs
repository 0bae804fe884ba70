//! Deletes old records from SQLite, and gives their pages back to the file system.

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::SqliteStore;
use crate::error::StoreError;
use crate::retention::Retention;
use crate::tables::operation::Operation;
use crate::tables::schema::requests;
use crate::tables::sql_types::Id;
use uuid::Uuid;

const WHAT: &str = "request record";

/// So many are deleted at a time: at most some milliseconds for which nobody else writes.
const STEP: i64 = 200;

/// So many free pages are given back with each step: more than a step frees of usual records, so that the file shrinks.
const PAGES: u32 = 400;

#[async_trait]
impl Retention for SqliteStore {
    async fn forget(&self, keep_from: Date) -> Result<bool, StoreError> {
        let operation = Operation { action: "delete old request records", what: WHAT };
        let Some(first_kept) = first_id_of(keep_from) else { return Ok(false) };
        let delete = move |connection: &mut SqliteConnection| {
            let old = requests::table.filter(requests::id.lt(first_kept)).order(requests::id).limit(STEP);
            let ids: Vec<Id> = old.select(requests::id).load(connection)?;
            diesel::delete(requests::table.filter(requests::id.eq_any(&ids))).execute(connection)?;
            connection.batch_execute(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            Ok(ids.len() as i64 == STEP)
        };
        self.write(operation, delete).await
    }
}

/// The smallest UUIDv7 of that day in UTC: its first 48 bits are milliseconds since 1970.
fn first_id_of(day: Date) -> Option<Id> {
    let midnight = Offset::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()?;
    let millis = u64::try_from(midnight.as_millisecond()).ok()?;
    Some(Id(Uuid::from_u128(u128::from(millis) << 80)))
}
