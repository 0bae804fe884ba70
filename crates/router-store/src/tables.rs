//! Rows and columns, the same in every database: how values become columns and come back.

/// What to do about tables that are not those of the migrations that were run.
pub(crate) const UNKNOWN_TABLES: &str =
    "its tables are not those that its list of migrations says: restore a backup, or use an empty database";

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
