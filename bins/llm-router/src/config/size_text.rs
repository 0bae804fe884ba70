//! Sizes as people write them: a whole number and its unit, `"512B"`, `"64KiB"`, `"10MiB"`, `"1GiB"`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserializer, Serializer};

use super::text_value;

/// Units and their bytes, largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// What is allowed, for messages.
const EXPECTED: &str = r#"a whole number and its unit (B, KiB, MiB or GiB), like "10MiB""#;

/// Reads a size, in bytes.
///
/// # Errors
/// It has no unit, an unknown one, or is too large; the message says what is allowed.
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let bytes = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, bytes)| *bytes);
    let total = number.parse::<u64>().ok().zip(bytes).and_then(|(number, bytes)| number.checked_mul(bytes));
    total.ok_or_else(|| format!("`{text}` is not a size; write {EXPECTED}"))
}

/// Writes it in the largest unit that is exact.
#[must_use]
pub fn format(bytes: u64) -> String {
    let exact = UNITS.iter().find(|(_, unit)| bytes.is_multiple_of(*unit) && bytes > 0);
    exact.map_or_else(|| "0B".to_owned(), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*bytes))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    text_value::read(deserializer, EXPECTED, parse)
}

/// The schema of such a field, for `#[schemars(with)]`.
#[derive(Debug)]
pub struct Text;

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_written_back() {
        for (text, bytes) in [("0B", 0), ("513B", 513), ("64KiB", 65_536), ("10MiB", 10 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(parse(text), Ok(bytes));
            assert_eq!(format(bytes), text);
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in ["", "10", "10M", "10MB", "-1B", "1.5GiB", "99999999999GiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
