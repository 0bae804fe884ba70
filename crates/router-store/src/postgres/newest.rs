//! `LIMIT` as part of a statement's text.
//!
//! diesel binds it, and a plan that is made for any number of rows is one that sorts all of them: PostgreSQL therefore plans
//! such a statement anew each time, over every partition. With the number in the text it keeps the plan.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

/// The lengths that are asked for: few, because each is a statement of its own on every connection. Each has room for one row
/// more than a page.
const LENGTHS: [usize; 4] = [21, 51, 101, 501];

/// The first rows of a query: at least as many as asked for, and one more.
#[derive(Debug, Clone)]
pub(super) struct Newest<Q> {
    query: Q,
    length: usize,
}

impl<Q> Newest<Q> {
    /// The first `limit` rows of `query`, and one more at least.
    pub(super) fn new(query: Q, limit: usize) -> Self {
        let length = LENGTHS.into_iter().find(|&length| length > limit).unwrap_or(limit + 1);
        Self { query, length }
    }
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Newest<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_sql(&self.length.to_string());
        Ok(())
    }
}

impl<Q> QueryId for Newest<Q> {
    type QueryId = ();
    // The text is what tells two of them apart.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Newest<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Newest<Q> {}

#[cfg(test)]
mod tests {
    use diesel::debug_query;

    use super::*;

    #[test]
    fn few_texts_serve_all_lengths() {
        let text = |limit| debug_query::<Pg, _>(&Newest::new(diesel::dsl::sql_query("SELECT 1"), limit)).to_string();
        for (limit, end) in
            [(1, "LIMIT 21"), (50, "LIMIT 51"), (51, "LIMIT 101"), (101, "LIMIT 501"), (500, "LIMIT 501")]
        {
            assert!(text(limit).contains(end), "{limit}: {}", text(limit));
        }
    }
}
