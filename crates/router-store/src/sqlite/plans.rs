//! Every list is answered from an index, in the index's order: what it costs follows from the page, not from the table.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::Sqlite;
use router_core::id::RequestId;
use router_core::prompt_type::PromptType;
use uuid::Uuid;

use super::{connection, feedback, requests, scores};
use crate::feedback::FeedbackFilter;
use crate::page::PageRequest;
use crate::record::{RequestFilter, RequestStatus};
use crate::score::ScoreFilter;

/// `EXPLAIN QUERY PLAN` of a query.
struct Explain<Q>(Q);

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN QUERY PLAN ");
        self.0.walk_ast(out)
    }
}

impl<Q> QueryId for Explain<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Explain<Q> {
    type SqlType = (Integer, Integer, Integer, Text);
}

impl<Q> RunQueryDsl<SqliteConnection> for Explain<Q> {}

fn database() -> (tempfile::TempDir, SqliteConnection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("router.db");
    let (url, wait) = (path.to_str().unwrap(), std::time::Duration::from_secs(1));
    connection::prepare(&path, url, wait).unwrap();
    let connection = connection::connect(url, connection::Access::Read, wait).unwrap();
    (directory, connection)
}

fn plan<Q: QueryFragment<Sqlite>>(connection: &mut SqliteConnection, query: Q) -> String {
    let steps: Vec<(i32, i32, i32, String)> = Explain(query).load(connection).unwrap();
    steps.into_iter().map(|(_, _, _, detail)| detail).collect::<Vec<_>>().join("; ")
}

/// One step that goes through an index: no second one that sorts.
fn assert_indexed(plan: &str, searched: &[&str], case: &str) {
    assert!(plan.contains("INDEX") && !plan.contains(';'), "{case}: {plan}");
    let scans_in_order = searched.is_empty() && plan.starts_with("SCAN");
    assert!(scans_in_order || plan.starts_with("SEARCH"), "{case}: {plan}");
    for column in searched {
        assert!(plan.contains(column), "{case}: {column} is not searched for: {plan}");
    }
}

fn page_requests() -> [PageRequest; 2] {
    let before = Some(RequestId(Uuid::now_v7()));
    [PageRequest { limit: 50, before: None }, PageRequest { limit: 50, before }]
}

#[test]
fn lists_of_requests_follow_an_index() {
    let (_directory, mut connection) = database();
    for page in page_requests() {
        for tenant in [None, Some("acme".into())] {
            let all = RequestFilter { tenant, ..RequestFilter::default() };
            let cases = [
                (all.clone(), None),
                (RequestFilter { model_id: Some("gpt-4o".into()), ..all.clone() }, Some("model_id=?")),
                (RequestFilter { prompt_type: Some(PromptType::Analysis), ..all.clone() }, Some("prompt_type=?")),
                (RequestFilter { status: Some(RequestStatus::Failed), ..all.clone() }, Some("status=?")),
            ];
            for (filter, column) in cases {
                let tenant = filter.tenant.as_ref().map(|_| "tenant=?");
                let before = page.before.map(|_| "id<?");
                let searched: Vec<_> = [tenant, column, before].into_iter().flatten().collect();
                let plan = plan(&mut connection, requests::page(&filter, page));
                assert_indexed(&plan, &searched, &format!("{filter:?} {page:?}"));
            }
        }
    }
}

#[test]
fn lists_of_feedback_and_scores_follow_an_index() {
    let (_directory, mut connection) = database();
    for page in page_requests() {
        for (tenant, model, request) in (0..8).map(|case| (case & 1 > 0, case & 2 > 0, case & 4 > 0)) {
            let tenant = tenant.then(|| "acme".into());
            let model_id = model.then(|| "gpt-4o".into());
            let request_id = request.then(|| RequestId(Uuid::now_v7()));
            // A request has few of them: its index is the best whatever else is asked.
            let searched: Vec<_> = if request_id.is_some() {
                vec!["request_id=?"]
            } else {
                let columns = [tenant.is_some().then_some("tenant=?"), model.then_some("model_id=?")];
                columns.into_iter().flatten().chain(page.before.map(|_| "id<?")).collect()
            };
            let filter = FeedbackFilter { tenant: tenant.clone(), model_id: model_id.clone(), request_id };
            let feedback = plan(&mut connection, feedback::page(&filter, page));
            assert_indexed(&feedback, &searched, &format!("{filter:?}"));
            let filter = ScoreFilter { tenant, model_id, request_id, run_id: None };
            let scores = plan(&mut connection, scores::page(&filter, page));
            assert_indexed(&scores, &searched, &format!("{filter:?}"));
        }
    }
}
