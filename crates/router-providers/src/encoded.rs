//! A request in some wire format, and what did not fit into it.

use crate::loss_table::Listed;

/// A request body, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// JSON.
    pub body: Vec<u8>,
    /// Headers that this body depends on: name and value.
    pub headers: Vec<(&'static str, String)>,
    /// What could not be carried as it stands, by the field's name in
    /// [`Conversation`](router_core::conversation::Conversation). Each name once, in the order found.
    pub dropped: Vec<String>,
    /// What was changed in the caller's own bytes, by the name of the field; empty where the body was written afresh.
    pub changed: Vec<String>,
}

/// Collects the names of what could not be carried, each once.
#[derive(Debug, Default)]
pub(crate) struct Dropped(Vec<String>);

impl Dropped {
    pub(crate) fn note(&mut self, field: Listed) {
        self.add(field.name());
    }

    /// Adds a name that was noted before.
    pub(crate) fn add(&mut self, field: &str) {
        if !self.0.iter().any(|known| known == field) {
            self.0.push(field.to_owned());
        }
    }

    /// Passes `value` on if `carried`; else notes the loss, if there is one.
    pub(crate) fn unless<T>(&mut self, carried: bool, field: Listed, value: Option<T>) -> Option<T> {
        if !carried && value.is_some() {
            self.note(field);
        }
        value.filter(|_| carried)
    }

    pub(crate) fn into_names(self) -> Vec<String> {
        self.0
    }
}
