//! Files that cannot be opened, in our words.

use std::path::Path;

use crate::error::StoreError;
use crate::tables::UNKNOWN_TABLES;

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
        ("already exists", UNKNOWN_TABLES),
        ("no such table", UNKNOWN_TABLES),
        ("duplicate column", UNKNOWN_TABLES),
        ("full", "make room on the disk"),
    ];
    let remedy = remedy.into_iter().find(|(text, _)| lower.contains(text));
    let remedy = remedy.map_or("check the path and the disk", |(_, remedy)| remedy);
    StoreError::Open { place: path.display().to_string(), message, remedy }
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
