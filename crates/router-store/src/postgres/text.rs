//! What PostgreSQL cannot keep of a text: the character NUL, and names too long for an index.

use crate::error::StoreError;
use crate::tables::columns::Row;
use crate::tables::feedback::FeedbackRow;
use crate::tables::requests::{RequestRow, Texts};
use crate::tables::scores::ScoreRow;

/// An entry of an index holds two names beside day and id, and may have 2,704 bytes.
const LONGEST_NAME: usize = 1000;

/// NUL becomes its picture (U+2400), so that nothing else of the text is lost.
pub(super) fn storable(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{2400}");
    }
}

fn all<'a>(texts: impl IntoIterator<Item = Option<&'a mut String>>) {
    texts.into_iter().flatten().for_each(storable);
}

fn names_fit<'a>(
    row: Row<'_>,
    names: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
) -> Result<(), StoreError> {
    let long = names.into_iter().find(|(_, name)| name.is_some_and(|name| name.len() > LONGEST_NAME));
    long.map_or(Ok(()), |(column, _)| {
        Err(row.refused(column)(format!(
            "PostgreSQL keeps names of at most {LONGEST_NAME} bytes, and this one is longer"
        )))
    })
}

/// A record's row as PostgreSQL takes it.
pub(super) fn of_request(what: &'static str, row: &mut RequestRow, texts: &mut Texts) -> Result<(), StoreError> {
    let asked = &mut row.asked;
    all([
        Some(&mut row.tenant),
        row.key_id.as_mut(),
        row.model_id.as_mut(),
        row.provider.as_mut(),
        row.upstream_model.as_mut(),
        row.upstream_id.as_mut(),
        asked.user_id.as_mut(),
        asked.wanted_model.as_mut(),
        texts.prompt.as_mut(),
        texts.response.as_mut(),
    ]);
    let said = Row { what, id: &row.id };
    let names = [
        ("tenant", Some(row.tenant.as_str())),
        ("model_id", row.model_id.as_deref()),
        ("key_id", row.key_id.as_deref()),
        ("user_id", row.asked.user_id.as_deref()),
    ];
    names_fit(said, names)
}

/// Likewise for feedback.
pub(super) fn of_feedback(what: &'static str, row: &mut FeedbackRow) -> Result<(), StoreError> {
    all([
        Some(&mut row.tenant),
        Some(&mut row.model_id),
        row.key_id.as_mut(),
        row.category.as_mut(),
        row.comment.as_mut(),
        row.prompt.as_mut(),
        row.response.as_mut(),
    ]);
    names_fit(Row { what, id: &row.id }, [("tenant", Some(&*row.tenant)), ("model_id", Some(&*row.model_id))])
}

/// Likewise for scores.
pub(super) fn of_score(what: &'static str, row: &mut ScoreRow) -> Result<(), StoreError> {
    all([
        Some(&mut row.tenant),
        Some(&mut row.model_id),
        Some(&mut row.metric),
        Some(&mut row.judge),
        row.comment.as_mut(),
        row.prompt.as_mut(),
        row.response.as_mut(),
    ]);
    names_fit(Row { what, id: &row.id }, [("tenant", Some(&*row.tenant)), ("model_id", Some(&*row.model_id))])
}
