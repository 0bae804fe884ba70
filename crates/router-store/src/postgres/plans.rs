//! Every list is answered from indexes, in their order, and reads no more partitions than it must.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use jiff::ToSpan;
use router_core::id::RequestId;
use router_core::prompt_type::PromptType;
use uuid::{NoContext, Timestamp, Uuid};

use super::{PostgresSettings, PostgresStore, feedback, partitions, requests, scores};
use crate::feedback::FeedbackFilter;
use crate::page::PageRequest;
use crate::record::{RequestFilter, RequestStatus};
use crate::score::ScoreFilter;

/// What a query did: `EXPLAIN ANALYZE`.
#[derive(QueryId)]
struct Explain<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ");
        self.0.walk_ast(out)
    }
}

impl<Q> Query for Explain<Q> {
    type SqlType = Text;
}

const FIRST: jiff::civil::Date = jiff::civil::date(2026, 3, 1);
const DAYS: i64 = 10;

/// Ten days of two thousand records each, and as much feedback and as many scores.
const FILL: &str = "
    INSERT INTO requests (id, day, tenant, model_id, status, prompt_type, difficulty, dropped, catalogue, latency_us, cached,
        simulated, attempts, decision, tags, streamed, keep_text, charged_nanos)
    SELECT (lpad(to_hex(86400000::bigint * (day - date '1970-01-01') + 1000 * n), 12, '0') || '70008000'
            || lpad(to_hex(n), 12, '0'))::uuid, day, 'tenant' || n % 5, 'model' || n % 7,
        (ARRAY['succeeded', 'failed', 'cancelled', 'outcome_unknown'])[n % 4 + 1],
        (ARRAY['general', 'analysis', 'translation'])[n % 3 + 1], 0.5, '[]', 1, 1, false, false, '[]', '{}', '[]', false,
        'none', 0
    FROM (SELECT date '2026-03-01' + d AS day FROM generate_series(0, 9) d) days, generate_series(1, 2000) n;
    INSERT INTO feedback (id, tenant, request_id, model_id, unresolved, rating, created_at_us)
    SELECT id, tenant, id, model_id, false, 3, 0 FROM requests;
    INSERT INTO eval_scores (id, tenant, request_id, model_id, unresolved, score, metric, judge, created_at_us)
    SELECT id, tenant, id, model_id, false, 0.5, 'm', 'j', 0 FROM requests;
    ANALYZE requests; ANALYZE feedback; ANALYZE eval_scores;";

async fn database() -> Option<AsyncPgConnection> {
    let Some(server) = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        assert!(std::env::var_os("CI").is_none(), "TEST_DATABASE_URL is not set");
        println!("TEST_DATABASE_URL is not set: PostgreSQL's plans were not looked at");
        return None;
    };
    let schema = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = AsyncPgConnection::establish(&server).await.unwrap();
    connection.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let join = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{join}options=-csearch_path%3D{schema}");
    let store = PostgresStore::new(&url, PostgresSettings::default()).unwrap();
    store.migrate().await.unwrap();
    partitions::ensure(&store, (0..DAYS).map(|day| FIRST.saturating_add(day.days()))).await.unwrap();
    let mut connection = AsyncPgConnection::establish(&url).await.unwrap();
    connection.batch_execute(FILL).await.unwrap();
    Some(connection)
}

async fn plan<Q>(connection: &mut AsyncPgConnection, query: Q) -> String
where
    Q: QueryFragment<Pg> + QueryId + Send + 'static,
{
    let steps: Vec<String> = Explain(query).load(connection).await.unwrap();
    steps.join("\n")
}

/// Through indexes and nothing else, without sorting, and without reading many rows to throw them away (a filter that lets
/// every fifth through, or every 35th, may be answered from the table's own order).
fn assert_indexed(plan: &str, case: &str) {
    for step in ["Seq Scan", "Sort", "Bitmap"] {
        let read = plan.lines().filter(|line| !line.contains("never executed"));
        assert!(!read.clone().any(|line| line.contains(step)), "{case}: {step} in\n{plan}");
    }
    let removed =
        plan.lines().filter_map(|line| line.split_once("Rows Removed by Filter: ")?.1.trim().parse::<u32>().ok());
    assert!(plan.contains("Index Scan") && removed.sum::<u32>() <= 1000, "{case}:\n{plan}");
}

/// In the middle of the sixth day.
fn middle() -> RequestId {
    let time = jiff::tz::Offset::UTC.to_timestamp(FIRST.saturating_add(5.days()).at(0, 15, 0, 0)).unwrap();
    RequestId(Uuid::new_v7(Timestamp::from_unix(NoContext, u64::try_from(time.as_second()).unwrap(), 0)))
}

#[tokio::test]
async fn lists_of_requests_read_the_newest_partitions_by_an_index() {
    let Some(mut connection) = database().await else { return };
    for before in [None, Some(middle())] {
        for tenant in [None, Some("tenant1".into())] {
            let all = RequestFilter { tenant, ..RequestFilter::default() };
            let filters = [
                all.clone(),
                RequestFilter { model_id: Some("model1".into()), ..all.clone() },
                RequestFilter { prompt_type: Some(PromptType::Analysis), ..all.clone() },
                RequestFilter { status: Some(RequestStatus::Failed), ..all.clone() },
            ];
            for filter in filters {
                let page = PageRequest { limit: 20, before };
                let plan = plan(&mut connection, requests::page(&filter, page).unwrap()).await;
                let case = format!("{filter:?} {page:?}");
                assert_indexed(&plan, &case);
                let read = plan.lines().filter(|line| line.contains("Index Scan") && line.contains("loops=1"));
                // The days ahead are empty, and of the others one is enough.
                let full = read.filter(|line| !line.contains("rows=0 "));
                assert_eq!(full.count(), 1, "{case}:\n{plan}");
            }
        }
    }
}

#[tokio::test]
async fn lists_of_feedback_and_scores_follow_an_index() {
    let Some(mut connection) = database().await else { return };
    for before in [None, Some(middle())] {
        let page = PageRequest { limit: 20, before };
        for (tenant, model, request) in (0..8).map(|case| (case & 1 > 0, case & 2 > 0, case & 4 > 0)) {
            let tenant = tenant.then(|| "tenant1".into());
            let model_id = model.then(|| "model1".into());
            let request_id = request.then(middle);
            let filter = FeedbackFilter { tenant: tenant.clone(), model_id: model_id.clone(), request_id };
            let feedback = plan(&mut connection, feedback::page(&filter, page)).await;
            let filter = ScoreFilter { tenant, model_id, request_id, run_id: None };
            let scores = plan(&mut connection, scores::page(&filter, page)).await;
            for plan in [feedback, scores] {
                // The few rows of one request may be sorted.
                if request {
                    assert!(plan.contains("_request") && !plan.contains("Seq Scan"), "{filter:?}:\n{plan}");
                } else {
                    assert_indexed(&plan, &format!("{filter:?}"));
                }
            }
        }
    }
}
