//! What of a caller's request no [`Conversation`](router_core::conversation::Conversation) carries, collected while it is read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::loss_table::Listed;
use crate::original::Uncarried;

/// How many names are listed. Names come from the caller, who may invent as many as the body has room for.
const MOST_NAMED: usize = 64;

/// How many bytes of a name are kept.
const LONGEST_NAME: usize = 64;

/// What stands for the names beyond [`MOST_NAMED`], and for the bytes beyond [`LONGEST_NAME`].
const AND_MORE: &str = "...";

/// The names of what is not carried, each once and without indices: `messages.name` for however many turns.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    listed: Vec<Uncarried>,
    places: HashMap<String, usize>,
}

impl Losses {
    /// Something that an answer may do without.
    pub(crate) fn minor(&mut self, field: Listed) {
        self.note(field.name().to_owned(), false);
    }

    /// The same, of a name that the caller wrote, for a pattern of the table that ends in `*`.
    pub(crate) fn unknown(&mut self, pattern: Listed, name: &str) {
        let mut field = pattern.name().trim_end_matches('*').to_owned();
        field.push_str(name);
        if field.len() > LONGEST_NAME {
            field.truncate(field.floor_char_boundary(LONGEST_NAME));
            field.push_str(AND_MORE);
        }
        self.note(field, false);
    }

    /// Something without which the answer would not be what was asked for.
    pub(crate) fn essential(&mut self, field: Listed) {
        self.note(field.name().to_owned(), true);
    }

    fn note(&mut self, field: String, essential: bool) {
        if let Some(&at) = self.places.get(&field) {
            self.listed[at].essential |= essential;
            return;
        }
        let field = if essential || self.listed.len() < MOST_NAMED { field } else { AND_MORE.to_owned() };
        if let Entry::Vacant(place) = self.places.entry(field.clone()) {
            place.insert(self.listed.len());
            self.listed.push(Uncarried { field, essential });
        }
    }

    pub(crate) fn into_list(self) -> Vec<Uncarried> {
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss_table::listed;

    #[test]
    fn each_name_once_and_not_too_many() {
        let mut losses = Losses::default();
        for n in 0..1_000 {
            losses.unknown(listed!("*"), &format!("f{n}"));
            losses.minor(listed!("store"));
        }
        losses.essential(listed!("audio"));
        losses.essential(listed!("store"));
        let listed = losses.into_list();
        assert_eq!(listed.len(), MOST_NAMED + 2);
        assert!(!listed[0].essential && listed[1].essential);
        let last: Vec<_> = listed[MOST_NAMED..].iter().map(|lost| lost.field.as_str()).collect();
        assert_eq!(last, [AND_MORE, "audio"]);
    }
}
