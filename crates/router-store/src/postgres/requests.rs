//! The audit log in PostgreSQL.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use router_core::id::{RequestId, TenantId};

use super::insert_requests::InsertRequests;
use super::newest::Newest;
use super::{PostgresStore, task};
use super::{partitions, spending, statistics, text};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::record::{RequestFilter, RequestLog, RequestRecord, RequestStatus};
use crate::tables::columns::Row;
use crate::tables::operation::Operation;
use crate::tables::requests::{RequestRow, Texts, WHAT, listing};
use crate::tables::schema::requests;
use crate::tables::sql_types::{Id, Identifier, UtcDay};
use crate::tables::sums::{Replaced, Sums};

const APPEND: Operation = Operation { action: "write request records", what: WHAT };

/// The rows of a batch, each id once: a known outcome rather than an unknown one, and otherwise the first.
fn rows(records: &[RequestRecord]) -> Result<Vec<(RequestRow, Texts)>, StoreError> {
    let mut places = HashMap::with_capacity(records.len());
    let mut rows: Vec<(RequestRow, Texts)> = Vec::with_capacity(records.len());
    for record in records {
        let (mut row, mut texts) = (RequestRow::from_record(record)?, Texts::of(record));
        text::of_request(WHAT, &mut row, &mut texts)?;
        match places.get(&row.id) {
            None => {
                places.insert(row.id, rows.len());
                rows.push((row, texts));
            }
            Some(&place) => {
                if let Some(earlier) = rows.get_mut(place)
                    && is_unknown(&earlier.0)
                    && !is_unknown(&row)
                {
                    *earlier = (row, texts);
                }
            }
        }
    }
    Ok(rows)
}

fn is_unknown(row: &RequestRow) -> bool {
    row.status == RequestStatus::OutcomeUnknown.name()
}

/// Writes rows and what they change in the ledger.
async fn append(connection: &mut AsyncPgConnection, rows: &[(RequestRow, Texts)]) -> QueryResult<()> {
    let new: BTreeSet<Id> = InsertRequests::of(rows).load::<Id>(connection).await?.into_iter().collect();
    let mut sums = Sums::default();
    for (row, texts) in rows {
        if new.contains(&row.id) {
            sums.add(row);
        } else if !is_unknown(row) {
            replace_unknown(connection, row, texts, &mut sums).await?;
        }
    }
    spending::write(connection, sums.ledger).await?;
    statistics::write(connection, sums.statistics).await
}

/// Puts a known outcome in the place of an unknown one, if that is what is there.
async fn replace_unknown<'a>(
    connection: &mut AsyncPgConnection,
    row: &'a RequestRow,
    texts: &Texts,
    sums: &mut Sums<'a>,
) -> QueryResult<()> {
    let there = requests::table.filter(requests::day.eq(row.day)).filter(requests::id.eq(row.id));
    let unknown = there.filter(requests::status.eq(RequestStatus::OutcomeUnknown.name()));
    let counted = (requests::charged_nanos, requests::cost_nanos, requests::model_id);
    let before: Option<Replaced> = unknown.select(counted).for_update().first(connection).await.optional()?;
    let Some(before) = before else { return Ok(()) };
    diesel::update(there).set((row, texts)).execute(connection).await?;
    sums.replace(row, before);
    Ok(())
}

/// The newest rows that `filter` lets through. In the order of days first, so that only the newest partitions are read.
pub(super) fn page(filter: &RequestFilter, page: PageRequest) -> Result<Listing, StoreError> {
    let mut query = listing!(filter);
    if let Some(before) = page.before {
        let day = Row { what: WHAT, id: &before }.day(before)?;
        // The first condition leaves out newer partitions, which the second, the place in the index, does not.
        let place = sql::<Bool>("(requests.day, requests.id) < (").bind::<UtcDay, _>(day).sql(", ");
        let place = place.bind::<Identifier, _>(Id::from(before)).sql(")");
        query = query.filter(requests::day.le(day)).filter(place);
    }
    Ok(Newest::new(query.order((requests::day.desc(), requests::id.desc())), page.clamped_limit()))
}

/// What [`page`] makes.
pub(super) type Listing = Newest<IntoBoxed<'static, Select<requests::table, AsSelect<RequestRow, Pg>>, Pg>>;

impl PostgresStore {
    async fn append_rows(&self, rows: &Arc<Vec<(RequestRow, Texts)>>) -> Result<Appended, StoreError> {
        partitions::ensure(self, rows.iter().map(|(row, _)| row.day.0)).await?;
        let rows = Arc::clone(rows);
        let write = task::<Appended, _>(move |connection| {
            Box::pin(async move {
                match append(connection, &rows).await {
                    // The only check there is: no partition takes the row.
                    Err(Error::DatabaseError(DatabaseErrorKind::CheckViolation, _)) => Ok(Appended::NoPartition),
                    done => done.map(|()| Appended::Yes),
                }
            })
        });
        self.write(APPEND, write).await
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Appended {
    Yes,
    NoPartition,
}

#[async_trait]
impl RequestLog for PostgresStore {
    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        let rows = Arc::new(rows(records)?);
        if rows.is_empty() || self.append_rows(&rows).await? == Appended::Yes {
            return Ok(());
        }
        // One was dropped since it was seen.
        self.known_days.forget();
        match self.append_rows(&rows).await? {
            Appended::Yes => Ok(()),
            Appended::NoPartition => Err(APPEND.unavailable("no partition takes the record")),
        }
    }

    async fn get(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        let operation = Operation { action: "read a request record", what: WHAT };
        // An id without a day is nobody's.
        let Ok(day) = (Row { what: WHAT, id: &id }).day(id) else { return Ok(None) };
        let tenant = tenant.map(ToString::to_string);
        let find = task::<Option<(RequestRow, Texts)>, _>(move |connection| {
            let columns = (RequestRow::as_select(), Texts::as_select());
            let there = requests::table.filter(requests::day.eq(day)).filter(requests::id.eq(Id::from(id)));
            let mut query = there.select(columns).into_boxed();
            if let Some(tenant) = tenant {
                query = query.filter(requests::tenant.eq(tenant));
            }
            Box::pin(async move { query.first(connection).await.optional() })
        });
        let found = self.read(operation, find).await?;
        found.map(|(row, texts)| row.into_record(texts)).transpose()
    }

    async fn list(&self, filter: &RequestFilter, request: PageRequest) -> Result<Page<RequestRecord>, StoreError> {
        let operation = Operation { action: "list request records", what: WHAT };
        let query = page(filter, request)?;
        let load = task::<Vec<RequestRow>, _>(move |connection| Box::pin(async move { query.load(connection).await }));
        let rows = self.read(operation, load).await?;
        let records = rows.into_iter().map(|row| row.into_record(Texts::NOT_READ)).collect::<Result<_, _>>()?;
        Ok(Page::with_one_more(records, request.clamped_limit(), |record: &RequestRecord| record.id))
    }
}
