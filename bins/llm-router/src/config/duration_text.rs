//! Lengths of time as people write them: a whole number and its unit, `"250ms"`, `"30s"`, `"5m"`, `"1h"`, `"7d"`.
//!
//! A bare number is refused: a unit that is guessed is guessed wrong by someone.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserializer, Serializer};

use super::text_value;

/// Units and their milliseconds, largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What is allowed, for messages.
pub const EXPECTED: &str = r#"a whole number and its unit (ms, s, m, h or d), like "30s""#;

/// Reads a length of time.
///
/// # Errors
/// It has no unit, an unknown one, or is too long; the message says what is allowed.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, millis)| *millis);
    let total = number.parse::<u64>().ok().zip(millis).and_then(|(number, millis)| number.checked_mul(millis));
    total.map(Duration::from_millis).ok_or_else(|| format!("`{text}` is not a length of time; write {EXPECTED}"))
}

/// Writes it in the largest unit that is exact.
#[must_use]
pub fn format(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let exact = UNITS.iter().find(|(_, unit)| millis.is_multiple_of(*unit) && millis > 0);
    exact.map_or_else(|| "0s".to_owned(), |(name, unit)| format!("{}{name}", millis / unit))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
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
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+ *(ms|s|m|h|d)$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_written_back() {
        for (text, millis) in [("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)));
            assert_eq!(format(Duration::from_millis(millis)), text);
        }
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert_eq!(format(Duration::ZERO), "0s");
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in ["", "30", "s", "-1s", "1.5s", "30 sec", "1m30s", "99999999999999999999s", "18446744073709551615d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
