//! What can go wrong with what is remembered for good.

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or answered with an error. The operator can act; the caller may try later.
    #[error("the database could not {action}: {message}")]
    Database {
        /// What was being done.
        action: &'static str,
        /// The driver's words. For the log.
        message: String,
    },
    /// Something that was stored cannot be read back. The operator can act.
    #[error("a stored {what} is not readable: {message}")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// Why.
        message: String,
    },
}
