//! The audit log in SQLite.

use std::num::TryFromIntError;
use std::time::Duration;

use async_trait::async_trait;
use diesel::helper_types::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sqlite::Sqlite;
use router_core::id::{RequestId, TenantId};
use router_core::price::Cost;
use router_core::raw_json::RawJson;
use router_core::usage::{Tokens, Usage};
use router_core::usd::Usd;

use super::SqliteStore;
use super::failure::Operation;
use super::insert_request::InsertRequest;
use super::schema::requests;
use super::spending::LedgerLines;
use crate::columns::{self, Row};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::record::{RequestFilter, RequestLog, RequestRecord, RequestStatus};

const WHAT: &str = "request record";

/// A row without the texts.
#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct RequestRow {
    pub(super) id: Vec<u8>,
    pub(super) day: String,
    pub(super) tenant: String,
    pub(super) key_id: Option<String>,
    pub(super) status: String,
    pub(super) error_kind: Option<String>,
    pub(super) prompt_type: String,
    pub(super) difficulty: f64,
    pub(super) model_id: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) upstream_model: Option<String>,
    pub(super) upstream_id: Option<String>,
    pub(super) finish: Option<String>,
    pub(super) dropped: String,
    pub(super) catalogue: i64,
    #[diesel(embed)]
    pub(super) usage: UsageColumns,
    pub(super) cost_nanos: Option<i64>,
    pub(super) latency_us: i64,
    pub(super) cached: bool,
    pub(super) simulated: bool,
    pub(super) attempts: String,
    pub(super) decision: String,
    pub(super) metadata: Option<String>,
    #[diesel(embed)]
    pub(super) asked: AskedColumns,
}

/// Who asked, for what, and who pays.
#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct AskedColumns {
    pub(super) user_id: Option<String>,
    pub(super) tags: String,
    pub(super) wanted_model: Option<String>,
    pub(super) streamed: bool,
    pub(super) keep_text: String,
    pub(super) charged_nanos: i64,
}

/// All `None` where nobody knows.
#[derive(Debug, Default, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct UsageColumns {
    pub(super) input_tokens: Option<i64>,
    pub(super) cache_read_tokens: Option<i64>,
    pub(super) cache_write_5m_tokens: Option<i64>,
    pub(super) cache_write_1h_tokens: Option<i64>,
    pub(super) output_tokens: Option<i64>,
    pub(super) reasoning_tokens: Option<i64>,
    pub(super) usage_source: Option<String>,
}

#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct Texts {
    pub(super) prompt: Option<String>,
    pub(super) response: Option<String>,
}

impl RequestRow {
    fn from_record(record: &RequestRecord) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &record.id };
        let latency = u64::try_from(record.latency.as_micros()).map_err(row.refused("latency_us"))?;
        let (usage, cost) = countable(record);
        Ok(Self {
            id: record.id.0.as_bytes().to_vec(),
            day: row.day(record.id)?,
            tenant: record.tenant.to_string(),
            key_id: record.key.as_ref().map(ToString::to_string),
            status: record.status.name().to_owned(),
            error_kind: record.error_kind.map(|kind| kind.name().to_owned()),
            prompt_type: record.prompt_type.name().to_owned(),
            difficulty: record.difficulty,
            model_id: record.model_id.as_ref().map(ToString::to_string),
            provider: record.provider.as_ref().map(ToString::to_string),
            upstream_model: record.upstream_model.clone(),
            upstream_id: record.upstream_id.clone(),
            finish: record.finish.map(|finish| finish.name().to_owned()),
            dropped: row.to_json("dropped", &record.dropped)?,
            catalogue: record.catalogue.cast_signed(),
            usage,
            cost_nanos: cost.usd().map(Usd::nanos),
            latency_us: row.count("latency_us", latency)?,
            cached: record.cached,
            simulated: record.simulated,
            attempts: row.to_json("attempts", &record.attempts)?,
            decision: record.decision.text().to_owned(),
            metadata: columns::present(record.metadata.as_ref())
                .map(|metadata| row.to_json("metadata", metadata))
                .transpose()?,
            asked: AskedColumns {
                user_id: record.user.as_ref().map(ToString::to_string),
                tags: row.to_json("tags", &record.tags)?,
                wanted_model: record.wanted_model.as_ref().map(ToString::to_string),
                streamed: record.streamed,
                keep_text: record.keep_text.name().to_owned(),
                charged_nanos: record.charged.nanos(),
            },
        })
    }

    fn into_record(self, texts: Texts) -> Result<RequestRecord, StoreError> {
        let id = Row { what: WHAT, id: &self.id }.id("id", &self.id)?;
        let row = Row { what: WHAT, id: &id };
        Ok(RequestRecord {
            id,
            tenant: self.tenant.into(),
            key: self.key_id.map(Into::into),
            user: self.asked.user_id.map(Into::into),
            tags: row.json("tags", &self.asked.tags)?,
            wanted_model: self.asked.wanted_model.map(Into::into),
            streamed: self.asked.streamed,
            charged: Usd::from_nanos(self.asked.charged_nanos),
            keep_text: row.named("keep_text", &self.asked.keep_text)?,
            status: row.named("status", &self.status)?,
            error_kind: self.error_kind.map(|name| row.named("error_kind", &name)).transpose()?,
            prompt_type: row.named("prompt_type", &self.prompt_type)?,
            difficulty: self.difficulty,
            model_id: self.model_id.map(Into::into),
            provider: self.provider.map(Into::into),
            upstream_model: self.upstream_model,
            upstream_id: self.upstream_id,
            finish: self.finish.map(|name| row.named("finish", &name)).transpose()?,
            dropped: row.json("dropped", &self.dropped)?,
            catalogue: self.catalogue.cast_unsigned(),
            attempts: row.json("attempts", &self.attempts)?,
            usage: self.usage.into_usage(row)?,
            cost: self.cost_nanos.map_or(Cost::Unpriced, |nanos| Cost::Priced { usd: Usd::from_nanos(nanos) }),
            latency: Duration::from_micros(row.uncount("latency_us", self.latency_us)?),
            cached: self.cached,
            simulated: self.simulated,
            decision: RawJson::from_text(self.decision).map_err(row.corrupt("decision"))?,
            metadata: self.metadata.map(|text| row.json("metadata", &text)).transpose()?,
            prompt: texts.prompt,
            response: texts.response,
        })
    }
}

/// Usage and cost as columns can hold them. A count beyond `i64` is a provider's mistake, and so is what was computed
/// from it: both are unknown then, rather than the whole record lost. What the provider said stays in `attempts`.
fn countable(record: &RequestRecord) -> (UsageColumns, Cost) {
    let usage = record.usage.as_ref().map_or_else(|| Ok(UsageColumns::default()), UsageColumns::from_usage);
    usage.map_or_else(|_| (UsageColumns::default(), Cost::Unpriced), |usage| (usage, record.cost))
}

impl UsageColumns {
    fn from_usage(usage: &Usage) -> Result<Self, TryFromIntError> {
        let tokens = |Tokens(count)| i64::try_from(count).map(Some);
        Ok(Self {
            input_tokens: tokens(usage.input)?,
            cache_read_tokens: tokens(usage.cache_read)?,
            cache_write_5m_tokens: tokens(usage.cache_write_5m)?,
            cache_write_1h_tokens: tokens(usage.cache_write_1h)?,
            output_tokens: tokens(usage.output)?,
            reasoning_tokens: tokens(usage.reasoning)?,
            usage_source: Some(columns::usage_source(usage.source).to_owned()),
        })
    }

    fn into_usage(self, row: Row<'_>) -> Result<Option<Usage>, StoreError> {
        let Some(source) = self.usage_source else { return Ok(None) };
        let tokens = |column, count: Option<i64>| row.uncount(column, count.unwrap_or_default()).map(Tokens);
        Ok(Some(Usage {
            input: tokens("input_tokens", self.input_tokens)?,
            cache_read: tokens("cache_read_tokens", self.cache_read_tokens)?,
            cache_write_5m: tokens("cache_write_5m_tokens", self.cache_write_5m_tokens)?,
            cache_write_1h: tokens("cache_write_1h_tokens", self.cache_write_1h_tokens)?,
            output: tokens("output_tokens", self.output_tokens)?,
            reasoning: tokens("reasoning_tokens", self.reasoning_tokens)?,
            source: row.named("usage_source", &source)?,
        }))
    }
}

/// Inserts a record, or puts a known outcome in the place of an unknown one. Row by row: within a transaction SQLite is
/// as fast so as with many rows a statement, which would have to be parsed anew for each number of them.
///
/// A plain insert that may fail, not an `ON CONFLICT`: the conflict is rare. The failed statement alone is undone; the
/// transaction goes on.
fn append<'a>(
    connection: &mut SqliteConnection,
    row: &'a RequestRow,
    texts: &Texts,
    ledger: &mut LedgerLines<'a>,
) -> QueryResult<()> {
    match (InsertRequest { row, texts }).execute(connection) {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            let unknown = RequestStatus::OutcomeUnknown.name();
            let there = requests::table.find(&row.id).filter(requests::status.eq(unknown));
            let charged = (requests::charged_nanos, requests::cost_nanos);
            let before: Option<(i64, Option<i64>)> = there.select(charged).first(connection).optional()?;
            let Some((charged, cost)) = before else { return Ok(()) };
            diesel::update(requests::table.find(&row.id)).set((row, texts)).execute(connection)?;
            ledger.take_back(row, charged, cost.is_some());
            ledger.add(row);
            Ok(())
        }
        inserted => {
            inserted?;
            ledger.add(row);
            Ok(())
        }
    }
}

/// The newest rows that `filter` lets through.
pub(super) fn page(filter: &RequestFilter, page: PageRequest) -> Listing {
    let mut query = requests::table.select(RequestRow::as_select()).into_boxed();
    if let Some(tenant) = &filter.tenant {
        query = query.filter(requests::tenant.eq(tenant.to_string()));
    }
    if let Some(model) = &filter.model_id {
        query = query.filter(requests::model_id.eq(model.to_string()));
    }
    if let Some(kind) = filter.prompt_type {
        query = query.filter(requests::prompt_type.eq(kind.name()));
    }
    if let Some(status) = filter.status {
        query = query.filter(requests::status.eq(status.name()));
    }
    if let Some(RequestId(before)) = page.before {
        query = query.filter(requests::id.lt(before.as_bytes().to_vec()));
    }
    query.order(requests::id.desc()).limit(page.clamped_limit() as i64 + 1)
}

/// What [`page`] makes.
pub(super) type Listing = IntoBoxed<'static, Select<requests::table, AsSelect<RequestRow, Sqlite>>, Sqlite>;

#[async_trait]
impl RequestLog for SqliteStore {
    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        let rows = records.iter().map(|record| {
            let texts = Texts { prompt: record.prompt.clone(), response: record.response.clone() };
            Ok((RequestRow::from_record(record)?, texts))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        let operation = Operation { action: "write request records", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let mut ledger = LedgerLines::default();
            rows.iter().try_for_each(|(row, texts)| append(connection, row, texts, &mut ledger))?;
            ledger.write(connection)
        };
        self.write(operation, write).await
    }

    async fn get(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        let operation = Operation { action: "read a request record", what: WHAT };
        let tenant = tenant.map(ToString::to_string);
        let find = move |connection: &mut SqliteConnection| {
            let columns = (RequestRow::as_select(), Texts::as_select());
            let mut query = requests::table.find(id.0.as_bytes().to_vec()).select(columns).into_boxed();
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
            let records = rows.into_iter().map(|row| row.into_record(Texts { prompt: None, response: None }));
            let records = records.collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(records, request.clamped_limit(), |record: &RequestRecord| record.id))
        };
        self.read(operation, load).await
    }
}
