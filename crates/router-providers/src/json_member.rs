//! Members of a JSON object, found without reading what is in them.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The object without its first top-level member of that name, everything else as it stands; `None` where it has no such
/// member, or is no object.
///
/// `json` has to be valid, and a name is only known as it is usually written, without escapes.
#[must_use]
pub fn remove_member(json: &Bytes, name: &str) -> Option<Bytes> {
    let gone = member_with_comma(json, name)?;
    let mut rest = BytesMut::with_capacity(json.len() - gone.len());
    rest.extend_from_slice(&json[..gone.start]);
    rest.extend_from_slice(&json[gone.end..]);
    Some(rest.freeze())
}

/// Where the object's first top-level member of that name is, with the comma that goes when it does; see [`remove_member`].
pub(crate) fn member_with_comma(json: &[u8], name: &str) -> Option<Range<usize>> {
    // Most objects do not have it anywhere.
    memchr::memmem::find(json, name.as_bytes())?;
    let open = space(json, 0);
    if json.get(open) != Some(&b'{') {
        return None;
    }
    // Where the last member ended, and this one begins.
    let (mut end_before, mut start) = (open + 1, space(json, open + 1));
    let mut first = true;
    loop {
        let key_end = string_end(json, start)?;
        let colon = space(json, key_end);
        if json.get(colon) != Some(&b':') {
            return None;
        }
        let value_end = value_end(json, space(json, colon + 1))?;
        let next = space(json, value_end);
        let more = json.get(next) == Some(&b',');
        if json.get(start + 1..key_end - 1)? == name.as_bytes() {
            // One comma goes with it: the one before it, or else the one after.
            let after = if first && more { space(json, next + 1) } else { value_end };
            let from = if first { start } else { end_before };
            return Some(from..after);
        }
        if !more {
            return None;
        }
        (end_before, start, first) = (value_end, space(json, next + 1), false);
    }
}

/// The first place from `at` on that is not white space.
fn space(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len())
}

/// The place after the string that begins at `at`.
fn string_end(json: &[u8], at: usize) -> Option<usize> {
    if json.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The place after the value that begins at `at`.
fn value_end(json: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match json.get(at)? {
            b'"' => at = string_end(json, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth > 0 => at += 1,
            _ => {
                let rest = json.get(at..)?;
                let of_a_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let length = rest.iter().position(|byte| !of_a_word(byte)).unwrap_or(rest.len());
                at += if length == 0 { return None } else { length };
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn removed(json: &str) -> Option<String> {
        remove_member(&Bytes::copy_from_slice(json.as_bytes()), "usage")
            .map(|rest| String::from_utf8(rest.to_vec()).unwrap())
    }

    #[test]
    fn the_rest_stays_as_it_stands() {
        for (json, rest) in [
            (r#"{"usage":null}"#, "{}"),
            (r#"{"usage":{"a":[1,{"b":"}"}]},"x":1}"#, r#"{"x":1}"#),
            (r#"{ "x" : "a\"b" , "usage" : null , "y":[ ] }"#, r#"{ "x" : "a\"b" , "y":[ ] }"#),
            (r#"{"x":{"usage":1},"usage":1.5e-3}"#, r#"{"x":{"usage":1}}"#),
        ] {
            assert_eq!(removed(json).as_deref(), Some(rest), "{json}");
        }
        for json in
            ["{}", "[]", "", "null", r#"{"x":{"usage":1}}"#, r#"{"x":"usage"}"#, r#"{"usage":"#, r#"{"usage" 1}"#]
        {
            assert_eq!(removed(json), None, "{json}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let key = prop_oneof![Just("usage".to_owned()), any::<String>()];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(Value::from("usage")),
        ];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_a_parser_would_leave(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let mut expected = value;
            let had = expected.as_object_mut().and_then(|object| object.shift_remove("usage")).is_some();
            let rest = removed(&text).map(|rest| serde_json::from_str::<Value>(&rest).unwrap());
            prop_assert_eq!(rest, had.then_some(expected));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[{}\\[\\]\",:\\\\ a1]{0,40}") {
            let _ = removed(&format!("{{\"usage\"{text}"));
        }
    }
}
