//! Rows and columns, the same in every database: how values become columns and come back.

/// What to do about tables that are not those of the migrations that were run.
pub(crate) const UNKNOWN_TABLES: &str =
    "its tables are not those that its list of migrations says: restore a backup, or use an empty database";

/// Every table. That a migration was run says nothing of somebody who dropped its table, or restored half of a backup.
pub(crate) const TABLES: [&str; 14] = [
    "requests",
    "revision",
    "tenants",
    "users",
    "api_keys",
    "revocations",
    "overrides",
    "admin_actions",
    "spending",
    "feedback",
    "eval_scores",
    "eval_runs",
    "statistics",
    "__diesel_schema_migrations",
];

/// A statement that fails where a table is missing, and reads nothing.
pub(crate) fn look_for(table: &str) -> String {
    format!("SELECT 1 FROM {table} LIMIT 0")
}

pub(crate) mod admin_actions;
pub(crate) mod columns;
pub(crate) mod feedback;
pub(crate) mod keys;
pub(crate) mod operation;
pub(crate) mod overrides;
pub(crate) mod requests;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod scores;
pub(crate) mod spending;
pub(crate) mod sql_types;
pub(crate) mod statistics;
pub(crate) mod sums;
pub(crate) mod tenants;
pub(crate) mod users;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_a_migration_makes_is_looked_for() {
        let files = [
            include_str!("../../../migrations/sqlite/2026-11-23-000000_records/up.sql"),
            include_str!("../../../migrations/sqlite/2026-11-24-000000_accounts/up.sql"),
            include_str!("../../../migrations/sqlite/2026-11-24-100000_statistics/up.sql"),
            include_str!("../../../migrations/sqlite/2026-11-24-200000_eval_runs/up.sql"),
            include_str!("../../../migrations/sqlite/2026-11-24-210000_latencies/up.sql"),
        ];
        let made = files.iter().flat_map(|file| file.lines()).filter_map(|line| line.strip_prefix("CREATE TABLE "));
        let made: Vec<_> = made.filter_map(|rest| rest.split([' ', '(']).next()).collect();
        assert!(made.len() > 10, "{made:?}");
        for table in made {
            assert!(TABLES.contains(&table), "{table} is not looked for");
        }
    }
}
