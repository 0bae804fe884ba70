//! Free-form JSON inside strict JSON: repeated keys are refused here too.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Any JSON value in which no object has a key twice. (`serde_json::Value` keeps the last one, silently.)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonValue(pub(crate) Value);

/// A JSON object without repeated keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonObject(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = JsonObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonObject, A::Error> {
                object(map).map(JsonObject)
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

fn object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Map<String, Value>, A::Error> {
    let mut object = Map::new();
    while let Some(key) = entries.next_key::<String>()? {
        if object.contains_key(&key) {
            return Err(Error::custom("an object in it has the same key twice"));
        }
        let JsonValue(value) = entries.next_value()?;
        object.insert(key, value);
    }
    Ok(object)
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonValue, E> {
        Ok(JsonValue(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonValue, E> {
        Ok(JsonValue(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonValue, E> {
        Ok(JsonValue(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<JsonValue, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("the number is out of range"))?;
        Ok(JsonValue(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<JsonValue, E> {
        Ok(JsonValue(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonValue, A::Error> {
        let mut values = Vec::new();
        while let Some(JsonValue(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(JsonValue(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonValue, A::Error> {
        object(map).map(|object| JsonValue(object.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_value_that_was_written() {
        let json = r#"{"a":[1,-2,2.5,true,null,"é",{"b":18446744073709551615}]}"#;
        assert_eq!(serde_json::from_str::<JsonValue>(json).unwrap().0, serde_json::from_str::<Value>(json).unwrap());
    }

    #[test]
    fn repeated_keys_are_refused_at_every_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"[{"a":{"b":1,"b":2}}]"#] {
            assert!(serde_json::from_str::<JsonValue>(json).unwrap_err().to_string().contains("twice"), "{json}");
        }
        serde_json::from_str::<JsonObject>("[]").unwrap_err();
    }
}
