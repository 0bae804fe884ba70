//! The statement that runs once for each request.

use diesel::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::tables::requests::{RequestRow, Texts};
use crate::tables::sql_types::{Identifier, UtcDay};

/// Inserts a row. Written out, because what diesel derives walks the row five times for every execution, and asks each column
/// in between whether it is there: that took as long as SQLite takes.
pub(super) struct InsertRequest<'a> {
    pub(super) row: &'a RequestRow,
    pub(super) texts: &'a Texts,
}

/// In the order of the binds below.
const BEGIN: &str = "INSERT INTO requests (id, day, tenant, key_id, status, error_kind, prompt_type, difficulty, \
    model_id, provider, upstream_model, upstream_id, finish, dropped, catalogue, input_tokens, cache_read_tokens, \
    cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, usage_source, cost_nanos, \
    latency_us, cached, simulated, attempts, decision, metadata, user_id, tags, wanted_model, streamed, keep_text, \
    charged_nanos, prompt, response) VALUES (";

impl QueryFragment<Sqlite> for InsertRequest<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        type Words = Nullable<Text>;
        type Count = Nullable<BigInt>;
        macro_rules! binds {
            ($first:ty = $id:expr, $($kind:ty = $value:expr,)*) => {
                out.push_bind_param::<$first, _>($id)?;
                $(out.push_sql(", "); out.push_bind_param::<$kind, _>($value)?;)*
            };
        }
        let Self { row, texts } = self;
        let usage = &row.usage;
        out.push_sql(BEGIN);
        binds! {
            Identifier = &row.id,
            UtcDay = &row.day,
            Text = &row.tenant,
            Words = &row.key_id,
            Text = &row.status,
            Words = &row.error_kind,
            Text = &row.prompt_type,
            Double = &row.difficulty,
            Words = &row.model_id,
            Words = &row.provider,
            Words = &row.upstream_model,
            Words = &row.upstream_id,
            Words = &row.finish,
            Text = &row.dropped,
            BigInt = &row.catalogue,
            Count = &usage.input_tokens,
            Count = &usage.cache_read_tokens,
            Count = &usage.cache_write_5m_tokens,
            Count = &usage.cache_write_1h_tokens,
            Count = &usage.output_tokens,
            Count = &usage.reasoning_tokens,
            Words = &usage.usage_source,
            Count = &row.cost_nanos,
            BigInt = &row.latency_us,
            Bool = &row.cached,
            Bool = &row.simulated,
            Text = &row.attempts,
            Text = &row.decision,
            Words = &row.metadata,
            Words = &row.asked.user_id,
            Text = &row.asked.tags,
            Words = &row.asked.wanted_model,
            Bool = &row.asked.streamed,
            Text = &row.asked.keep_text,
            BigInt = &row.asked.charged_nanos,
            Words = &texts.prompt,
            Words = &texts.response,
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryId for InsertRequest<'_> {
    // The text is always the same: prepared once for each connection.
    type QueryId = InsertRequest<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl diesel::RunQueryDsl<SqliteConnection> for InsertRequest<'_> {}
