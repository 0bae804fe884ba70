//! How long a page of the audit log takes on PostgreSQL, by how many records there are:
//!
//! ```sh
//! cargo run --release --package router-store --features postgres --example pages -- postgres://…/empty_database 10000000
//! ```
//!
//! The database is filled first, unless it holds that many records: thirty days of them. 10 million take about a quarter of an
//! hour and 10 GB.
#![expect(clippy::print_stdout, reason = "figures are printed")]

use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use jiff::ToSpan;
use router_core::id::RequestId;
use router_store::page::PageRequest;
use router_store::postgres::{PostgresSettings, PostgresStore};
use router_store::record::{RequestFilter, RequestLog, RequestStatus};

const DAYS: i64 = 30;
const ROUNDS: usize = 200;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(rows)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pages URL ROWS".into());
    };
    let rows: i64 = rows.parse()?;
    let store = PostgresStore::new(&url, PostgresSettings::default())?;
    store.migrate().await?;
    let mut connection = AsyncPgConnection::establish(&url).await?;
    fill(&mut connection, rows).await?;

    let page = PageRequest { limit: 50, before: None };
    let first = store.list(&RequestFilter::default(), page).await?;
    let newest = first.items.as_slice().first().ok_or("no records")?.id;
    let tenant = Some("tenant1".into());
    let filters = [
        ("all", RequestFilter::default()),
        ("of a tenant", RequestFilter { tenant: tenant.clone(), ..RequestFilter::default() }),
        (
            "of a tenant and model",
            RequestFilter { tenant: tenant.clone(), model_id: Some("model1".into()), ..RequestFilter::default() },
        ),
        (
            "of a tenant, failed",
            RequestFilter { tenant, status: Some(RequestStatus::Failed), ..RequestFilter::default() },
        ),
    ];
    println!("{rows} records, pages of 50: median of {ROUNDS}");
    for (name, filter) in filters {
        let newest_page = median(&store, &filter, None).await?;
        let older_page = median(&store, &filter, Some(days_before(newest, 15))).await?;
        println!("  {name}: newest {newest_page:.2?}, fifteen days ago {older_page:.2?}");
    }
    Ok(())
}

async fn median(
    store: &PostgresStore,
    filter: &RequestFilter,
    before: Option<RequestId>,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut taken = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let page = store.list(filter, PageRequest { limit: 50, before }).await?;
        taken.push(begun.elapsed());
        if page.items.is_empty() {
            return Err("no records on a page".into());
        }
    }
    taken.sort_unstable();
    Ok(taken[ROUNDS / 2])
}

/// The same time of another day: the first 48 bits are milliseconds.
fn days_before(RequestId(id): RequestId, days: u128) -> RequestId {
    RequestId(uuid::Uuid::from_u128(id.as_u128() - ((days * 86_400_000) << 80)))
}

/// One day after the other, with texts as long as usual ones.
async fn fill(connection: &mut AsyncPgConnection, rows: i64) -> Result<(), Box<dyn std::error::Error>> {
    let there: Count = diesel::sql_query("SELECT count(*) AS count FROM requests").get_result(connection).await?;
    if there.count >= rows {
        return Ok(());
    }
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let a_day = rows / DAYS + 1;
    for back in 1..=DAYS {
        let day = today.saturating_sub(back.days());
        let next = day.saturating_add(1.day());
        let partition = format!("requests_{:04}{:02}{:02}", day.year(), day.month(), day.day());
        connection
            .batch_execute(&format!(
                "CREATE TABLE IF NOT EXISTS {partition} PARTITION OF requests FOR VALUES FROM ('{day}') TO ('{next}');
                 INSERT INTO requests (id, day, tenant, model_id, status, prompt_type, difficulty, dropped, catalogue,
                     latency_us, cached, simulated, attempts, decision, tags, streamed, keep_text, charged_nanos)
                 SELECT (lpad(to_hex(86400000::bigint * (date '{day}' - date '1970-01-01') + 86400000::bigint * n / {a_day}),
                         12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, date '{day}', 'tenant' || n % 20,
                     'model' || (n / 20) % 10, (ARRAY['succeeded', 'succeeded', 'succeeded', 'failed'])[(n / 7) % 4 + 1],
                     (ARRAY['general', 'analysis', 'translation'])[n % 3 + 1], 0.5, '[]', 1, 1, false, false,
                     '[]', '{{\"reason\":\"' || repeat('a candidate and its score; ', 40) || '\"}}', '[]', false,
                     'none', 0
                 FROM generate_series(1, {a_day}) n"
            ))
            .await?;
    }
    connection.batch_execute("ANALYZE requests").await?;
    Ok(())
}
