//! Edits of JSON text against the same edits of its values.

use proptest::prelude::*;
use router_core::raw_json::RawJson;
use router_providers::splice::{Edit, Object, SpliceError};
use serde_json::{Map, Value, json};

/// Few names, so that edits meet members; some need escapes.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["model", "messages", "a", "b", "stream_options", "q\"uote", "back\\slash", "ü", ""])
            .prop_map(String::from),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["]", "}", "\"", "\\", ",", "[{\""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((name(), value()), 0..6).prop_map(|members| members.into_iter().collect())
}

/// An edit that owns its names.
#[derive(Debug, Clone)]
enum Wanted {
    Set(String, Value),
    Rename(String, String),
    Remove(String),
    Append(String, Value),
    SetWithin(String, String, Value),
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (name(), value()).prop_map(|(name, value)| Wanted::Set(name, value)),
        (name(), name()).prop_map(|(name, to)| Wanted::Rename(name, to)),
        name().prop_map(Wanted::Remove),
        (name(), value()).prop_map(|(name, value)| Wanted::Append(name, value)),
        (name(), name(), value()).prop_map(|(name, inner, value)| Wanted::SetWithin(name, inner, value)),
    ]
}

impl Wanted {
    fn edit(&self) -> Edit<'_> {
        match self {
            Self::Set(member, value) => Edit::Set { member, value: RawJson::of(value) },
            Self::Rename(member, to) => Edit::Rename { member, to },
            Self::Remove(member) => Edit::Remove { member },
            Self::Append(member, element) => Edit::Append { member, element: RawJson::of(element) },
            Self::SetWithin(member, inner, value) => Edit::SetWithin { member, inner, value: RawJson::of(value) },
        }
    }

    /// The same on values; `None` where the text has to refuse it.
    fn on(&self, object: &mut Map<String, Value>) -> Option<()> {
        match self {
            Self::Set(name, value) => {
                object.insert(name.clone(), value.clone());
            }
            Self::Rename(name, to) if object.contains_key(name) => {
                if name != to && object.contains_key(to) {
                    return None;
                }
                let renamed = std::mem::take(object).into_iter();
                *object = renamed.map(|(key, value)| (if key == *name { to.clone() } else { key }, value)).collect();
            }
            Self::Rename(..) => {}
            Self::Remove(name) => drop(object.shift_remove(name)),
            Self::Append(name, element) => object.get_mut(name)?.as_array_mut()?.push(element.clone()),
            Self::SetWithin(name, inner, value) => {
                let outer = object.entry(name.clone()).or_insert(Value::Null);
                if outer.is_null() {
                    *outer = json!({});
                }
                outer.as_object_mut()?.insert(inner.clone(), value.clone());
            }
        }
        Some(())
    }
}

/// Writes an object with white space from `spaces` wherever there may be some.
fn loosely(value: &Value, spaces: &mut impl Iterator<Item = &'static str>, text: &mut String) {
    let mut space = |text: &mut String| text.push_str(spaces.next().unwrap_or_default());
    space(text);
    match value {
        Value::Object(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(spaces.next().unwrap_or_default());
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(spaces.next().unwrap_or_default());
                text.push(':');
                loosely(value, spaces, text);
            }
            text.push_str(spaces.next().unwrap_or_default());
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, value) in elements.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                loosely(value, spaces, text);
            }
            text.push_str(spaces.next().unwrap_or_default());
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
    text.push_str(spaces.next().unwrap_or_default());
}

fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut whole = whole.bytes();
    part.bytes().all(|byte| whole.any(|other| other == byte))
}

proptest! {
    #[test]
    fn edits_of_text_are_edits_of_values(
        mut object in object(),
        edits in prop::collection::vec(wanted(), 0..5),
        spaces in prop::collection::vec(prop::sample::select(vec!["", " ", "\n", "\t", "\r\n  "]), 1..20),
    ) {
        let mut text = String::new();
        loosely(&Value::Object(object.clone()), &mut spaces.into_iter().cycle(), &mut text);
        let list: Vec<_> = edits.iter().map(Wanted::edit).collect();
        let edited = Object::read(text.as_bytes()).unwrap().edited(&list);
        match edits.iter().try_for_each(|edit| edit.on(&mut object)) {
            None => prop_assert!(edited.is_err()),
            Some(()) => {
                let edited: Value = serde_json::from_slice(&edited.unwrap()).unwrap();
                // Order included: it is part of a request.
                prop_assert_eq!(edited.to_string(), Value::Object(object).to_string());
            }
        }
    }

    #[test]
    fn bytes_that_are_not_edited_stay(
        object in object(),
        gone in name(),
        spaces in prop::collection::vec(prop::sample::select(vec!["", " ", "\n", "\t"]), 1..20),
    ) {
        let mut text = String::new();
        loosely(&Value::Object(object), &mut spaces.into_iter().cycle(), &mut text);
        let read = Object::read(text.as_bytes()).unwrap();
        prop_assert_eq!(read.edited(&[]).unwrap(), text.as_bytes());
        let without = String::from_utf8(read.edited(&[Edit::Remove { member: &gone }]).unwrap()).unwrap();
        prop_assert!(is_subsequence(&without, &text));
        let longer = [Edit::Set { member: "never there", value: RawJson::of(&1) }];
        let longer = String::from_utf8(read.edited(&longer).unwrap()).unwrap();
        prop_assert!(is_subsequence(&text, &longer));
    }

    #[test]
    fn bytes_that_are_no_object_are_refused(bytes in any::<Vec<u8>>(), text in "[{}\\[\\]\":,a1 \\\\]{0,12}") {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let valid = serde_json::from_slice::<Map<String, Value>>(body).is_ok();
            match Object::read(body) {
                Ok(read) => prop_assert!(valid && read.edited(&[]).unwrap() == body),
                Err(error) => prop_assert!(!valid && matches!(error, SpliceError::NotAnObject(_))),
            }
        }
    }
}
