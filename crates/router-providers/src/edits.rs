//! The edits of a caller's own bytes, and the names of what they change: what all dialects that pass bytes on share.

use router_core::error_kind::ErrorKind;
use router_core::raw_json::RawJson;
use serde_json::Value;

use crate::answer::CallError;
use crate::splice::{Edit, Object, SpliceError};

/// The body, taken apart.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] where it is not one JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Object<'_>, CallError> {
    Object::read(body).map_err(|error| unusable(&error))
}

fn unusable(error: &SpliceError) -> CallError {
    CallError::new(ErrorKind::InvalidRequest, error.to_string())
}

/// The edits so far, and the names of what they change.
pub(crate) struct Edits<'a> {
    object: &'a Object<'a>,
    list: Vec<Edit<'a>>,
    changed: Vec<String>,
}

impl<'a> Edits<'a> {
    /// None yet, of this object.
    pub(crate) const fn of(object: &'a Object<'a>) -> Self {
        Self { object, list: Vec::new(), changed: Vec::new() }
    }

    /// The bytes after the edits, and the names of what they changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] for bytes that cannot be edited so.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Vec<String>), CallError> {
        let body = self.object.edited(&self.list).map_err(|error| unusable(&error))?;
        Ok((body, self.changed))
    }

    /// An edit that belongs to one before it, and has no name of its own.
    pub(crate) fn also(&mut self, edit: Edit<'a>) {
        self.list.push(edit);
    }

    /// The member's value as it is written, unless it is `null`: clients write that for nothing.
    pub(crate) fn given(&self, member: &str) -> Option<&'a str> {
        self.object.get(member).filter(|&value| value != "null")
    }

    pub(crate) fn value(&self, member: &str) -> Option<Value> {
        serde_json::from_str(self.given(member)?).ok()
    }

    /// An edit of what the caller knows by that name.
    pub(crate) fn change(&mut self, name: &str, edit: Edit<'a>) {
        if !self.changed.iter().any(|known| known == name) {
            self.changed.push(name.to_owned());
        }
        self.list.push(edit);
    }

    pub(crate) fn set(&mut self, member: &'a str, value: Value) {
        if self.value(member).as_ref() != Some(&value) {
            self.change(member, Edit::Set { member, value: RawJson::of(&value) });
        }
    }

    pub(crate) fn remove(&mut self, member: &'a str) {
        if self.object.get(member).is_some() {
            self.change(member, Edit::Remove { member });
        }
    }

    pub(crate) fn remove_given(&mut self, member: &'a str) {
        if self.given(member).is_some() {
            self.remove(member);
        }
    }

    /// Renames a member; there is none of the other name, or only one that says nothing.
    pub(crate) fn rename(&mut self, member: &'a str, to: &'a str) {
        if self.object.get(to).is_some() {
            self.also(Edit::Remove { member: to });
        }
        self.change(member, Edit::Rename { member, to });
    }

    pub(crate) fn append(&mut self, member: &'a str, element: &Value) {
        self.change(member, Edit::Append { member, element: RawJson::of(element) });
    }
}
