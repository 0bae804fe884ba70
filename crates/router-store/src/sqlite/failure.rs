//! SQLite's errors, in our words.

use std::path::Path;

use diesel::result::{DatabaseErrorKind, Error};

use crate::error::StoreError;

/// What is done to the database, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// `write request records`.
    pub(super) action: &'static str,
    /// `request record`.
    pub(super) what: &'static str,
}

impl Operation {
    /// Sets errors that come from the data itself apart: trying those again cannot help.
    pub(super) fn failed(self, error: &Error) -> StoreError {
        let message = error.to_string();
        let refused = match error {
            Error::SerializationError(_) => true,
            Error::DatabaseError(DatabaseErrorKind::Unknown, _) => {
                // Of SQLITE_TOOBIG and SQLITE_CONSTRAINT_DATATYPE, for which diesel has no kind.
                message == "string or blob too big" || message.starts_with("cannot store ")
            }
            Error::DatabaseError(kind, _) => matches!(
                kind,
                DatabaseErrorKind::CheckViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::UniqueViolation
                    | DatabaseErrorKind::ForeignKeyViolation
            ),
            _ => false,
        };
        if refused { StoreError::Refused { what: self.what, message } } else { self.unavailable(message) }
    }

    /// The database did not do it this time.
    pub(super) fn unavailable(self, message: impl ToString) -> StoreError {
        StoreError::Database { action: self.action, message: message.to_string() }
    }
}

/// The database cannot be opened.
pub(super) fn open(path: &Path, error: &impl ToString) -> StoreError {
    let message = error.to_string();
    // By fixed texts of SQLite and diesel, because diesel does not hand on SQLite's codes.
    let lower = message.to_lowercase();
    let remedy = [
        ("file is not a database", "it is not an SQLite file: check the path, or move the file away"),
        ("malformed", "it is damaged: restore a backup, or save what can be read with `sqlite3 FILE .recover`"),
        ("readonly", "make the file and its directory writable for this user"),
        ("locked", "another program holds it: stop that one, or wait until it is done"),
        ("unable to open", "check that the path names a file, in a directory that this user may write to"),
        ("full", "make room on the disk"),
    ];
    let remedy = remedy.into_iter().find(|(text, _)| lower.contains(text));
    let remedy = remedy.map_or("check the path and the disk", |(_, remedy)| remedy);
    StoreError::Open { path: path.to_owned(), message, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_opened_says_where_and_what_to_do() {
        let said = open(Path::new("/data/router.db"), &"attempt to write a readonly database").to_string();
        assert_eq!(
            said,
            "the database /data/router.db cannot be opened: attempt to write a readonly database; \
             make the file and its directory writable for this user"
        );
    }
}
