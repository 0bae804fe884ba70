//! The audit log in SQLite.

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sqlite::Sqlite;
use router_core::id::{RequestId, TenantId};

use super::SqliteStore;
use super::insert_request::InsertRequest;
use super::{spending, statistics};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::record::{RequestFilter, RequestLog, RequestRecord, RequestStatus};
use crate::tables::operation::Operation;
use crate::tables::requests::{RequestRow, Texts, WHAT, listing};
use crate::tables::schema::requests;
use crate::tables::sql_types::Id;
use crate::tables::sums::{Replaced, Sums};

/// Inserts a record, or puts a known outcome in the place of an unknown one. Row by row: within a transaction SQLite is
/// as fast so as with many rows a statement, which would have to be parsed anew for each number of them.
///
/// A plain insert that may fail, not an `ON CONFLICT`: the conflict is rare. The failed statement alone is undone; the
/// transaction goes on.
fn append<'a>(
    connection: &mut SqliteConnection,
    row: &'a RequestRow,
    texts: &Texts,
    sums: &mut Sums<'a>,
) -> QueryResult<()> {
    match (InsertRequest { row, texts }).execute(connection) {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            let unknown = RequestStatus::OutcomeUnknown.name();
            let there = requests::table.find(row.id).filter(requests::status.eq(unknown));
            let counted = (requests::charged_nanos, requests::cost_nanos, requests::model_id);
            let before: Option<Replaced> = there.select(counted).first(connection).optional()?;
            let Some(before) = before else { return Ok(()) };
            diesel::update(requests::table.find(row.id)).set((row, texts)).execute(connection)?;
            sums.replace(row, before);
            Ok(())
        }
        inserted => {
            inserted?;
            sums.add(row);
            Ok(())
        }
    }
}

/// The newest rows that `filter` lets through.
pub(super) fn page(filter: &RequestFilter, page: PageRequest) -> Listing {
    let mut query = listing!(filter);
    if let Some(RequestId(before)) = page.before {
        query = query.filter(requests::id.lt(Id(before)));
    }
    query.order(requests::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<requests::table, AsSelect<RequestRow, Sqlite>>, Sqlite>;

#[async_trait]
impl RequestLog for SqliteStore {
    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        let rows = records.iter().map(|record| Ok((RequestRow::from_record(record)?, Texts::of(record))));
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        let operation = Operation { action: "write request records", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let mut sums = Sums::default();
            rows.iter().try_for_each(|(row, texts)| append(connection, row, texts, &mut sums))?;
            spending::write(sums.ledger, connection)?;
            statistics::write(sums.statistics, connection)
        };
        self.write(operation, write).await
    }

    async fn get(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        let operation = Operation { action: "read a request record", what: WHAT };
        let tenant = tenant.map(ToString::to_string);
        let find = move |connection: &mut SqliteConnection| {
            let columns = (RequestRow::as_select(), Texts::as_select());
            let mut query = requests::table.find(Id::from(id)).select(columns).into_boxed();
            if let Some(tenant) = tenant {
                query = query.filter(requests::tenant.eq(tenant));
            }
            let found: Option<(RequestRow, Texts)> =
                query.first(connection).optional().map_err(|error| operation.failed(&error))?;
            found.map(|(row, texts)| row.into_record(texts)).transpose()
        };
        self.read(operation, find).await
    }

    async fn list(&self, filter: &RequestFilter, request: PageRequest) -> Result<Page<RequestRecord>, StoreError> {
        let operation = Operation { action: "list request records", what: WHAT };
        let query = page(filter, request);
        let load = move |connection: &mut SqliteConnection| {
            let rows = query.load::<RequestRow>(connection).map_err(|error| operation.failed(&error))?;
            let records = rows.into_iter().map(|row| row.into_record(Texts::NOT_READ));
            let records = records.collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(records, request.clamped_limit(), |record: &RequestRecord| record.id))
        };
        self.read(operation, load).await
    }
}
