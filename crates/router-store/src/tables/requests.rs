//! Rows of the audit log.

use std::num::TryFromIntError;
use std::time::Duration;

use diesel::prelude::*;
use router_core::price::Cost;
use router_core::raw_json::RawJson;
use router_core::usage::{Tokens, Usage};
use router_core::usd::Usd;

use super::columns::{self, Row};
use super::schema::requests;
use super::sql_types::{Day, Id};
use crate::error::StoreError;
use crate::record::RequestRecord;

pub(crate) const WHAT: &str = "request record";

/// A row without the texts.
#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct RequestRow {
    pub(crate) id: Id,
    pub(crate) day: Day,
    pub(crate) tenant: String,
    pub(crate) key_id: Option<String>,
    pub(crate) status: String,
    pub(crate) error_kind: Option<String>,
    pub(crate) prompt_type: String,
    pub(crate) difficulty: f64,
    pub(crate) model_id: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) upstream_model: Option<String>,
    pub(crate) upstream_id: Option<String>,
    pub(crate) finish: Option<String>,
    pub(crate) dropped: String,
    pub(crate) catalogue: i64,
    #[diesel(embed)]
    pub(crate) usage: UsageColumns,
    pub(crate) cost_nanos: Option<i64>,
    pub(crate) latency_us: i64,
    pub(crate) cached: bool,
    pub(crate) simulated: bool,
    pub(crate) attempts: String,
    pub(crate) decision: String,
    pub(crate) metadata: Option<String>,
    #[diesel(embed)]
    pub(crate) asked: AskedColumns,
}

/// Who asked, for what, and who pays.
#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct AskedColumns {
    pub(crate) user_id: Option<String>,
    pub(crate) tags: String,
    pub(crate) wanted_model: Option<String>,
    pub(crate) streamed: bool,
    pub(crate) keep_text: String,
    pub(crate) charged_nanos: i64,
}

/// All `None` where nobody knows.
#[derive(Debug, Default, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct UsageColumns {
    pub(crate) input_tokens: Option<i64>,
    pub(crate) cache_read_tokens: Option<i64>,
    pub(crate) cache_write_5m_tokens: Option<i64>,
    pub(crate) cache_write_1h_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) reasoning_tokens: Option<i64>,
    pub(crate) usage_source: Option<String>,
}

#[derive(Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct Texts {
    pub(crate) prompt: Option<String>,
    pub(crate) response: Option<String>,
}

impl RequestRow {
    pub(crate) fn from_record(record: &RequestRecord) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &record.id };
        let latency = u64::try_from(record.latency.as_micros()).map_err(row.refused("latency_us"))?;
        let (usage, cost) = countable(record);
        Ok(Self {
            id: record.id.into(),
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

    pub(crate) fn into_record(self, texts: Texts) -> Result<RequestRecord, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(RequestRecord {
            id: self.id.into(),
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
    pub(crate) fn from_usage(usage: &Usage) -> Result<Self, TryFromIntError> {
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

    pub(crate) fn into_usage(self, row: Row<'_>) -> Result<Option<Usage>, StoreError> {
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

impl Texts {
    /// Of a row that was read without them.
    pub(crate) const NOT_READ: Self = Self { prompt: None, response: None };

    pub(crate) fn of(record: &RequestRecord) -> Self {
        Self { prompt: record.prompt.clone(), response: record.response.clone() }
    }
}

/// The rows that a [`RequestFilter`](crate::record::RequestFilter) lets through, for the database that the query turns out to be
/// for: a macro, because diesel's types of the two have no bound in common that could be written down.
macro_rules! listing {
    ($filter:expr) => {{
        let filter: &$crate::record::RequestFilter = $filter;
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
        query
    }};
}
pub(crate) use listing;
