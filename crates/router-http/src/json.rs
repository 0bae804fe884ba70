//! Strict JSON: every complaint names its field.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;

use crate::error::ApiError;
use crate::nearest::nearest;

/// The longest piece of the caller's own text that an error repeats.
const QUOTE: usize = 200;

/// Reads a body as `T`.
///
/// Unknown and repeated fields are refused by the types (`deny_unknown_fields`); depth is bounded by serde_json (127 levels).
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| ApiError::NotUtf8 { offset: error.valid_up_to() })?;
    if text.trim_ascii().is_empty() {
        return Err(ApiError::NotJson { problem: "it is empty".into() });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    json.end().map_err(|error| explain(".", &error))?;
    Ok(value)
}

/// A `T` that is written as an object. Serde's own reading of a struct takes a list too, in the order of its fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A `T` without content that is written as its name. Serde's own reading takes `{"name": null}` too, and serde_json
/// calls everything else that is no text a fault of the syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for WordVisitor<T> {
            type Value = Word<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Word<T>, E> {
                T::deserialize(StrDeserializer::new(name)).map(Word)
            }
        }
        deserializer.deserialize_str(WordVisitor(PhantomData))
    }
}

/// The JSON schema of a wrapper is that of what it wraps.
macro_rules! transparent_schema {
    ($wrapper:ident) => {
        impl<T: JsonSchema> JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    };
}
transparent_schema!(Object);
transparent_schema!(Word);

fn explain(path: &str, error: &serde_json::Error) -> ApiError {
    let words = error.to_string();
    let at_root = path == ".";
    if error.classify() != Category::Data {
        // A number that fits no f64 (1e999) is well-formed JSON for a reader of the field: name it.
        if !at_root && words.starts_with("number out of range") {
            return ApiError::invalid(shorten(path), "the number is out of range");
        }
        let problem = words.replace("recursion limit exceeded", "nested more than 127 levels deep");
        return ApiError::NotJson { problem: shorten(&problem) };
    }
    let problem = words.rsplit_once(" at line ").map_or(&*words, |(problem, _)| problem);
    if let Some(rest) = problem.strip_prefix("unknown field `") {
        return unknown_field(path, rest);
    }
    for complaint in ["missing field `", "duplicate field `"] {
        if let Some(name) = problem.strip_prefix(complaint).and_then(|rest| rest.strip_suffix('`')) {
            let field = if at_root || path.ends_with(name) {
                path.trim_start_matches('.').to_owned()
            } else {
                format!("{path}.{name}")
            };
            let field = if field.is_empty() { name.to_owned() } else { field };
            let what = if complaint.starts_with("missing") { "missing" } else { "given twice" };
            return ApiError::invalid(shorten(&field), what);
        }
    }
    let field = if at_root { "body" } else { path };
    ApiError::invalid(shorten(field), shorten(&in_plain_words(problem)))
}

/// `rest` is what serde says after "unknown field `": the name, then "`, expected one of `a`, `b`".
fn unknown_field(path: &str, rest: &str) -> ApiError {
    // The name is the caller's and may hold anything; what follows the last "`, expected" is ours.
    let (name, expected) = rest.rsplit_once("`, expected").unwrap_or((rest, ""));
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let problem = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("unknown field; did you mean `{meant}`?"),
        None => format!("unknown field; known are {}", known.join(", ")),
    };
    ApiError::invalid(shorten(path), problem)
}

/// Serde's complaint without the names of Rust's types.
fn in_plain_words(problem: &str) -> String {
    if problem.starts_with("UUID parsing failed") {
        return "must be a UUID, like 019abc00-0000-7000-8000-000000000000".to_owned();
    }
    // The caller's text may stand before the last ", expected "; what follows it is ours.
    let Some((found, expected)) = problem.rsplit_once(", expected ") else { return problem.to_owned() };
    let expected = match expected {
        "u64" => "a whole number from 0 to 18446744073709551615",
        "i64" => "a whole number",
        "f64" => "a number",
        other => other,
    };
    let found = match found {
        "invalid type: sequence" => "invalid type: a list",
        "invalid type: map" => "invalid type: an object",
        "invalid type: unit value" => "invalid type: null",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// At most [`QUOTE`] characters, without control characters: the caller's text goes into logs and terminals.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTE).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Outer {
        inner_part: Option<Object<Inner>>,
        #[serde(default)]
        many: Vec<Object<Inner>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Inner {
        cost_weight: f64,
    }

    fn complaint(json: &str) -> (String, String) {
        match read::<Outer>(json.as_bytes()).unwrap_err() {
            ApiError::Invalid { field, problem } => (field, problem),
            other => (String::new(), other.to_string()),
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let expected = Outer { inner_part: Some(Object(Inner { cost_weight: 1.0 })), many: Vec::new() };
        assert_eq!(read::<Outer>(br#"{"innerPart":{"costWeight":1}}"#).unwrap(), expected);
    }

    #[test]
    fn complaints_name_the_field_by_its_path() {
        for (json, field, problem) in [
            (
                r#"{"innerPart":{"costWeight":"x"}}"#,
                "innerPart.costWeight",
                "invalid type: string \"x\", expected a number",
            ),
            (
                r#"{"many":[{"costWeight":1},{"costWeight":null}]}"#,
                "many[1].costWeight",
                "invalid type: null, expected a number",
            ),
            (r#"{"innerPart":{"costWeight":1e999}}"#, "innerPart.costWeight", "the number is out of range"),
            (r#"{"innerPart":{}}"#, "innerPart.costWeight", "missing"),
            (r#"{"innerPart":{"costWeight":1,"costWeight":2}}"#, "innerPart.costWeight", "given twice"),
            (r#"{"many":[],"many":[]}"#, "many", "given twice"),
            (r#"{"innerPart":{"costWieght":1}}"#, "innerPart.costWieght", "unknown field; did you mean `costWeight`?"),
            (r#"{"xyz`, expected":1}"#, "xyz`, expected", "unknown field; known are innerPart, many"),
            ("[]", "body", "invalid type: a list, expected an object"),
            (r#"{"innerPart":[1]}"#, "innerPart", "invalid type: a list, expected an object"),
            ("null", "body", "invalid type: null, expected an object"),
        ] {
            let (was_field, was_problem) = complaint(json);
            assert_eq!(was_field, field, "{json}");
            assert!(was_problem.starts_with(problem), "{json}: {was_problem}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_where() {
        for (json, words) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("{", "line 1 column 1"),
            ("{} x", "trailing characters"),
            (r#"{"innerPart":{"costWeight":NaN}}"#, "line 1 column 28"),
        ] {
            let (field, problem) = complaint(json);
            assert_eq!(field, "", "{json}");
            assert!(problem.contains(words), "{json}: {problem}");
        }
        assert!(matches!(read::<Outer>(b"{\"\xff\"}"), Err(ApiError::NotUtf8 { offset: 2 })));
    }

    #[test]
    fn a_complaint_does_not_repeat_a_megabyte() {
        let (field, problem) = complaint(&format!(r#"{{"{}":1}}"#, "k".repeat(1 << 20)));
        assert!(field.len() < 300 && problem.len() < 300);
    }
}
