//! Edits of a JSON object in its own bytes: what is not edited stays as its author wrote it, byte for byte.
//!
//! Reading an object and writing it again loses what JSON's values do not hold (white space, the form of numbers, escapes),
//! and with it prompt caches and signatures over what was said. So only the places of an edit are written anew.

use std::borrow::Cow;
use std::fmt;

use router_core::raw_json::RawJson;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One change of a member of the object.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit<'a> {
    /// Gives the member this value; adds it at the end where the object lacks it.
    Set {
        /// The member's name.
        member: &'a str,
        /// Its new value.
        value: RawJson,
    },
    /// Gives the member another name, which no other member has. Nothing to do where the object lacks it.
    Rename {
        /// The member's name.
        member: &'a str,
        /// Its new name.
        to: &'a str,
    },
    /// Takes the member out, with the comma that separates it. Nothing to do where the object lacks it.
    Remove {
        /// The member's name.
        member: &'a str,
    },
    /// Adds an element at the end of the array that is the member's value.
    Append {
        /// The member's name.
        member: &'a str,
        /// The new element.
        element: RawJson,
    },
    /// [`Edit::Set`] within the object that is the member's value. Where that is missing or `null`, it becomes an object.
    SetWithin {
        /// The member's name.
        member: &'a str,
        /// The name within.
        inner: &'a str,
        /// Its new value.
        value: RawJson,
    },
}

impl Edit<'_> {
    fn member(&self) -> &str {
        match self {
            Self::Set { member, .. }
            | Self::Rename { member, .. }
            | Self::Remove { member }
            | Self::Append { member, .. }
            | Self::SetWithin { member, .. } => member,
        }
    }
}

/// Why an object cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// The text is not one JSON object: for the caller.
    #[error("not a JSON object: {0}")]
    NotAnObject(String),
    /// A member that is to be edited (or whose name another is to get) is there more than once. Readers differ in which they
    /// believe, so none is edited: for the caller.
    #[error("the member {0:?} is there more than once")]
    Duplicate(String),
    /// The member has no value of the kind that the edit is for: for the caller.
    #[error("the member {member:?} is not {expected}")]
    WrongKind {
        /// Its name.
        member: String,
        /// `an array`, `an object`.
        expected: &'static str,
    },
}

/// A JSON object, taken apart at its top level alone. Its text is known to be valid JSON.
///
/// Reading takes time in proportion to the text, and no stack for its nesting.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

/// One member, as it stands in the text.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its name, escapes resolved.
    pub name: Cow<'a, str>,
    key: &'a str,
    /// Its value, as it is written.
    pub value: &'a str,
}

impl<'a> Object<'a> {
    /// Takes an object apart.
    ///
    /// # Errors
    /// [`SpliceError::NotAnObject`], also for what stands behind an object.
    pub fn read(body: &'a [u8]) -> Result<Self, SpliceError> {
        let text = std::str::from_utf8(body).map_err(|error| SpliceError::NotAnObject(error.to_string()))?;
        let Members(members) =
            serde_json::from_str(text).map_err(|error| SpliceError::NotAnObject(error.to_string()))?;
        Ok(Self { text, members })
    }

    /// Its members, in the order of the text; one that is there twice, twice.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The value of a member, as it is written; of several of one name the last, as most readers do.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    }

    /// The text after the edits, one after the other.
    ///
    /// # Errors
    /// [`SpliceError::Duplicate`] and [`SpliceError::WrongKind`].
    pub fn edited(&self, edits: &[Edit<'_>]) -> Result<Vec<u8>, SpliceError> {
        let mut pieces = self.pieces();
        for edit in edits {
            apply(edit, &mut pieces)?;
        }
        let first_lead = self.members.first().map_or("", |first| self.between(self.after_brace(), first.key));
        let mut text = String::with_capacity(self.text.len() + 128);
        text.push_str(self.text.get(..self.after_brace()).unwrap_or_default());
        for (index, piece) in pieces.iter().enumerate() {
            // The comma stands before its member, so the first one has none.
            text.push_str(if index == 0 { first_lead } else { piece.lead });
            for part in [&piece.key, piece.colon, &piece.value] {
                text.push_str(part);
            }
        }
        let end = self.members.last().map_or(self.after_brace(), |last| self.end_of(last.value));
        text.push_str(self.text.get(end..).unwrap_or_default());
        Ok(text.into_bytes())
    }

    /// The members with everything between them.
    fn pieces(&self) -> Vec<Piece<'a>> {
        let mut end = self.after_brace();
        let mut pieces = Vec::with_capacity(self.members.len() + 4);
        for member in &self.members {
            pieces.push(Piece {
                name: member.name.clone(),
                lead: self.between(end, member.key),
                key: Cow::Borrowed(member.key),
                colon: self.between(self.end_of(member.key), member.value),
                value: Cow::Borrowed(member.value),
            });
            end = self.end_of(member.value);
        }
        pieces
    }

    /// Where the first member may begin. Nothing but white space stands before the brace.
    fn after_brace(&self) -> usize {
        self.text.find('{').map_or(0, |brace| brace + 1)
    }

    fn start_of(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    fn end_of(&self, part: &str) -> usize {
        self.start_of(part) + part.len()
    }

    fn between(&self, end: usize, next: &str) -> &'a str {
        self.text.get(end..self.start_of(next)).unwrap_or_default()
    }
}

/// A member in the making.
struct Piece<'a> {
    name: Cow<'a, str>,
    /// What stands before it: the comma and white space.
    lead: &'a str,
    /// Its name as JSON.
    key: Cow<'a, str>,
    colon: &'a str,
    /// Its value as JSON.
    value: Cow<'a, str>,
}

fn apply(edit: &Edit<'_>, pieces: &mut Vec<Piece<'_>>) -> Result<(), SpliceError> {
    let found = position(pieces, edit.member())?;
    let wrong = |expected| SpliceError::WrongKind { member: edit.member().to_owned(), expected };
    match (edit, found) {
        (Edit::Set { value, .. }, Some(at)) => pieces[at].value = Cow::Owned(value.text().to_owned()),
        (Edit::Set { member, value }, None) => add(pieces, member, value.text().to_owned()),
        (Edit::Rename { to, .. }, Some(at)) => {
            if position(pieces, to)?.is_some_and(|other| other != at) {
                return Err(SpliceError::Duplicate((*to).to_owned()));
            }
            pieces[at].name = Cow::Owned((*to).to_owned());
            pieces[at].key = Cow::Owned(quoted(to));
        }
        (Edit::Remove { .. }, Some(at)) => drop(pieces.remove(at)),
        (Edit::Rename { .. } | Edit::Remove { .. }, None) => {}
        (Edit::Append { element, .. }, Some(at)) => {
            let longer = appended(&pieces[at].value, element.text()).ok_or_else(|| wrong("an array"))?;
            pieces[at].value = Cow::Owned(longer);
        }
        (Edit::Append { .. }, None) => return Err(wrong("an array")),
        (Edit::SetWithin { inner, value, .. }, Some(at)) if pieces[at].value != "null" => {
            let object = Object::read(pieces[at].value.as_bytes()).map_err(|_| wrong("an object"))?;
            let edited = object.edited(&[Edit::Set { member: inner, value: value.clone() }])?;
            let edited = String::from_utf8(edited).map_err(|_| wrong("an object"))?;
            pieces[at].value = Cow::Owned(edited);
        }
        (Edit::SetWithin { inner, value, .. }, Some(at)) => pieces[at].value = Cow::Owned(alone(inner, value)),
        (Edit::SetWithin { member, inner, value }, None) => add(pieces, member, alone(inner, value)),
    }
    Ok(())
}

/// Where the member is; an error if it is in more than one place.
fn position(pieces: &[Piece<'_>], name: &str) -> Result<Option<usize>, SpliceError> {
    let mut places = pieces.iter().enumerate().filter(|(_, piece)| piece.name == name);
    let first = places.next().map(|(at, _)| at);
    if places.next().is_some() { Err(SpliceError::Duplicate(name.to_owned())) } else { Ok(first) }
}

fn add(pieces: &mut Vec<Piece<'_>>, name: &str, value: String) {
    pieces.push(Piece {
        name: Cow::Owned(name.to_owned()),
        lead: ",",
        key: Cow::Owned(quoted(name)),
        colon: ":",
        value: Cow::Owned(value),
    });
}

/// The array with one element more, behind its last one.
fn appended(array: &str, element: &str) -> Option<String> {
    let within = array.strip_prefix('[')?.strip_suffix(']')?;
    let kept = within.trim_ascii_end();
    let space = &within[kept.len()..];
    let comma = if kept.is_empty() { "" } else { "," };
    Some(format!("[{kept}{comma}{element}{space}]"))
}

fn alone(name: &str, value: &RawJson) -> String {
    format!("{{{}:{}}}", quoted(name), value.text())
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// The members of an object, in the places where they stand.
struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<&RawValue>()? {
            let name = name_of(key.get()).map_err(serde::de::Error::custom)?;
            let value = map.next_value::<&RawValue>()?;
            members.push(Member { name, key: key.get(), value: value.get() });
        }
        Ok(Members(members))
    }
}

/// What a name in quotes says.
fn name_of(key: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    let plain = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|name| !name.contains('\\'));
    plain.map_or_else(|| serde_json::from_str(key).map(Cow::Owned), |name| Ok(Cow::Borrowed(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> RawJson {
        RawJson::from_text(text.into()).unwrap()
    }

    fn edited(text: &str, edits: &[Edit<'_>]) -> Result<String, SpliceError> {
        let edited = Object::read(text.as_bytes())?.edited(edits)?;
        Ok(String::from_utf8(edited).unwrap())
    }

    #[test]
    fn what_is_not_edited_stays() {
        let text = " {\t\"a\" : 1.50e+2 ,\n \"m\":[ 1 , 2 ] , \"\\u0062\": {\"x\" : [ ] } }\r\n";
        assert_eq!(edited(text, &[]).unwrap(), text);
        let edits = [
            Edit::Set { member: "a", value: json("\"new\"") },
            Edit::Append { member: "m", element: json("{\"r\":3}") },
            Edit::SetWithin { member: "b", inner: "y", value: json("true") },
            Edit::Set { member: "added", value: json("null") },
            Edit::Rename { member: "m", to: "n" },
        ];
        let after = " {\t\"a\" : \"new\" ,\n \"n\":[ 1 , 2,{\"r\":3} ] , \"\\u0062\": {\"x\" : [ ],\"y\":true },\"added\":null }\r\n";
        assert_eq!(edited(text, &edits).unwrap(), after);
    }

    #[test]
    fn commas_go_with_what_they_separate() {
        let text = "{ \"a\":1, \"b\":2 ,\"c\":3 }";
        for (gone, left) in [
            (vec!["a"], "{ \"b\":2 ,\"c\":3 }"),
            (vec!["b"], "{ \"a\":1 ,\"c\":3 }"),
            (vec!["c"], "{ \"a\":1, \"b\":2 }"),
            (vec!["a", "b", "c", "never there"], "{ }"),
        ] {
            let mut edits: Vec<_> = gone.iter().map(|member| Edit::Remove { member }).collect();
            assert_eq!(edited(text, &edits).unwrap(), left);
            edits.push(Edit::Set { member: "z", value: json("0") });
            assert!(serde_json::from_str::<serde_json::Value>(&edited(text, &edits).unwrap()).is_ok());
        }
        assert_eq!(edited("{}", &[Edit::Set { member: "a\"", value: json("0") }]).unwrap(), "{\"a\\\"\":0}");
    }

    #[test]
    fn empty_places_are_filled() {
        for (text, after) in [
            ("{\"m\":[]}", "{\"m\":[1],\"o\":{\"i\":2}}"),
            ("{\"m\":[ ],\"o\":null}", "{\"m\":[1 ],\"o\":{\"i\":2}}"),
            ("{\"m\":[0],\"o\":{ \"i\": 1 }}", "{\"m\":[0,1],\"o\":{ \"i\": 2 }}"),
        ] {
            let edits = [
                Edit::Append { member: "m", element: json("1") },
                Edit::SetWithin { member: "o", inner: "i", value: json("2") },
            ];
            assert_eq!(edited(text, &edits).unwrap(), after);
        }
    }

    #[test]
    fn nobody_guesses_which_of_two_members_counts() {
        let twice = "{\"a\":1,\"b\":0,\"\\u0061\":2}";
        let duplicate = Err(SpliceError::Duplicate("a".into()));
        assert_eq!(edited(twice, &[Edit::Set { member: "a", value: json("3") }]), duplicate);
        assert_eq!(edited(twice, &[Edit::Remove { member: "a" }]), duplicate);
        assert_eq!(edited(twice, &[Edit::Rename { member: "b", to: "a" }]), duplicate);
        assert_eq!(edited("{\"a\":1,\"b\":0}", &[Edit::Rename { member: "b", to: "a" }]), duplicate);
        // Nobody asked about it.
        assert_eq!(edited(twice, &[Edit::Remove { member: "b" }]).unwrap(), "{\"a\":1,\"\\u0061\":2}");
        assert_eq!(Object::read(twice.as_bytes()).unwrap().get("a"), Some("2"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in
            ["", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{} x", "{\"a\":[1}", "{\"\\ud800\":1}"]
        {
            assert!(matches!(edited(text, &[]), Err(SpliceError::NotAnObject(_))), "{text}");
        }
        for (edit, text) in [
            (Edit::Append { member: "m", element: json("1") }, "{\"m\":{}}"),
            (Edit::Append { member: "m", element: json("1") }, "{}"),
            (Edit::SetWithin { member: "m", inner: "i", value: json("1") }, "{\"m\":[]}"),
        ] {
            assert!(matches!(edited(text, &[edit]), Err(SpliceError::WrongKind { .. })), "{text}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(edited(&deep, &[Edit::Remove { member: "a" }]).unwrap(), "{\"b\":1}");
    }
}
