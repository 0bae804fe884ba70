//! Databases' errors, in our words.

use diesel::result::{DatabaseErrorKind, Error};

use crate::error::StoreError;

/// What is done to the database, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// `write request records`.
    pub(crate) action: &'static str,
    /// `request record`.
    pub(crate) what: &'static str,
}

impl Operation {
    /// Sets errors that come from the data itself apart: trying those again cannot help.
    pub(crate) fn failed(self, error: &Error) -> StoreError {
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
    pub(crate) fn unavailable(self, message: impl ToString) -> StoreError {
        StoreError::Database { action: self.action, message: message.to_string() }
    }
}
