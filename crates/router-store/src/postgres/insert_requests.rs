//! The statement that writes a batch: one array for each column, so that its text, and its plan, are the same for every
//! number of rows.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text};

use crate::tables::requests::{RequestRow, Texts};
use crate::tables::sql_types::{Day, Id, Identifier, UtcDay};

type Words<'a> = Option<&'a str>;

macro_rules! columns {
    ($($column:ident $array:literal: $kind:ty = $value:ty, $of:expr;)*) => {
        /// Inserts rows whose ids are not there, and returns those ids.
        pub(super) struct InsertRequests<'a> {
            $($column: Vec<$value>,)*
        }

        impl<'a> InsertRequests<'a> {
            pub(super) fn of(rows: &'a [(RequestRow, Texts)]) -> Self {
                Self { $($column: rows.iter().map(|(row, texts)| of(row, texts, $of)).collect(),)* }
            }
        }

        impl QueryFragment<Pg> for InsertRequests<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                let mut comma = "";
                out.push_sql("INSERT INTO requests (");
                $(out.push_sql(comma); out.push_sql(stringify!($column)); comma = ", ";)*
                out.push_sql(") SELECT * FROM unnest(");
                comma = "";
                $(
                    out.push_sql(comma);
                    out.push_bind_param::<Array<$kind>, _>(&self.$column)?;
                    out.push_sql(concat!("::", $array, "[]"));
                    comma = ", ";
                )*
                let _ = comma;
                out.push_sql(") ON CONFLICT (day, id) DO NOTHING RETURNING id");
                Ok(())
            }
        }
    };
}

/// Gives a column's closure its types.
fn of<'a, T>(row: &'a RequestRow, texts: &'a Texts, column: impl Fn(&'a RequestRow, &'a Texts) -> T) -> T {
    column(row, texts)
}

columns! {
    id "uuid": Identifier = Id, |row, _| row.id;
    day "date": UtcDay = Day, |row, _| row.day;
    tenant "text": Text = &'a str, |row, _| row.tenant.as_str();
    key_id "text": Nullable<Text> = Words<'a>, |row, _| row.key_id.as_deref();
    status "text": Text = &'a str, |row, _| row.status.as_str();
    error_kind "text": Nullable<Text> = Words<'a>, |row, _| row.error_kind.as_deref();
    prompt_type "text": Text = &'a str, |row, _| row.prompt_type.as_str();
    difficulty "double precision": Double = f64, |row, _| row.difficulty;
    model_id "text": Nullable<Text> = Words<'a>, |row, _| row.model_id.as_deref();
    provider "text": Nullable<Text> = Words<'a>, |row, _| row.provider.as_deref();
    upstream_model "text": Nullable<Text> = Words<'a>, |row, _| row.upstream_model.as_deref();
    upstream_id "text": Nullable<Text> = Words<'a>, |row, _| row.upstream_id.as_deref();
    finish "text": Nullable<Text> = Words<'a>, |row, _| row.finish.as_deref();
    dropped "text": Text = &'a str, |row, _| row.dropped.as_str();
    catalogue "bigint": BigInt = i64, |row, _| row.catalogue;
    input_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.input_tokens;
    cache_read_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.cache_read_tokens;
    cache_write_5m_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.cache_write_5m_tokens;
    cache_write_1h_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.cache_write_1h_tokens;
    output_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.output_tokens;
    reasoning_tokens "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.usage.reasoning_tokens;
    usage_source "text": Nullable<Text> = Words<'a>, |row, _| row.usage.usage_source.as_deref();
    cost_nanos "bigint": Nullable<BigInt> = Option<i64>, |row, _| row.cost_nanos;
    latency_us "bigint": BigInt = i64, |row, _| row.latency_us;
    cached "boolean": Bool = bool, |row, _| row.cached;
    simulated "boolean": Bool = bool, |row, _| row.simulated;
    attempts "text": Text = &'a str, |row, _| row.attempts.as_str();
    decision "text": Text = &'a str, |row, _| row.decision.as_str();
    metadata "text": Nullable<Text> = Words<'a>, |row, _| row.metadata.as_deref();
    user_id "text": Nullable<Text> = Words<'a>, |row, _| row.asked.user_id.as_deref();
    tags "text": Text = &'a str, |row, _| row.asked.tags.as_str();
    wanted_model "text": Nullable<Text> = Words<'a>, |row, _| row.asked.wanted_model.as_deref();
    streamed "boolean": Bool = bool, |row, _| row.asked.streamed;
    keep_text "text": Text = &'a str, |row, _| row.asked.keep_text.as_str();
    charged_nanos "bigint": BigInt = i64, |row, _| row.asked.charged_nanos;
    prompt "text": Nullable<Text> = Words<'a>, |_, texts| texts.prompt.as_deref();
    response "text": Nullable<Text> = Words<'a>, |_, texts| texts.response.as_deref();
}

impl QueryId for InsertRequests<'_> {
    // The text is always the same: prepared once for each connection.
    type QueryId = InsertRequests<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertRequests<'_> {
    type SqlType = Identifier;
}
