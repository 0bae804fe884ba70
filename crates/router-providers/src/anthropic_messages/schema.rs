//! JSON schemas as structured outputs take them: a subset of the language, and closed objects.

use serde_json::{Map, Value};

/// Keywords that structured outputs refuse; source: the limits in Anthropic's guide to structured outputs.
const REFUSED: [&str; 14] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "contains",
    "propertyNames",
];

/// Keywords that hold schemas by name.
const NAMED_SCHEMAS: [&str; 3] = ["properties", "$defs", "definitions"];

/// Keywords that hold a schema or a list of them.
const SCHEMAS: [&str; 7] = ["items", "prefixItems", "anyOf", "oneOf", "allOf", "not", "additionalItems"];

/// The schema without what would be refused, and whether anything was taken out or closed.
pub(super) fn accepted(schema: &Value) -> (Value, bool) {
    let mut schema = schema.clone();
    let changed = accept(&mut schema);
    (schema, changed)
}

fn accept(schema: &mut Value) -> bool {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().fold(false, |changed, schema| accept(schema) | changed),
        Value::Object(keywords) => accept_object(keywords),
        _ => false,
    }
}

fn accept_object(keywords: &mut Map<String, Value>) -> bool {
    let before = keywords.len();
    // Of the lower bounds on lists only 0 and 1 are known.
    keywords.retain(|keyword, value| match keyword.as_str() {
        "minItems" => value.as_u64().is_some_and(|least| least <= 1),
        keyword => !REFUSED.contains(&keyword),
    });
    let mut changed = keywords.len() != before;
    if keywords.get("type").is_some_and(|kind| kind == "object") || keywords.contains_key("properties") {
        changed |= keywords.insert("additionalProperties".into(), Value::Bool(false)) != Some(Value::Bool(false));
    }
    for (keyword, value) in keywords.iter_mut() {
        if NAMED_SCHEMAS.contains(&keyword.as_str()) {
            if let Value::Object(named) = value {
                changed = named.values_mut().fold(changed, |changed, schema| accept(schema) | changed);
            }
        } else if SCHEMAS.contains(&keyword.as_str()) {
            changed |= accept(value);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_property_may_be_called_like_a_keyword() {
        let schema = json!({
            "type": "object",
            "properties": {"minimum": {"type": "integer", "minimum": 3}, "list": {"type": "array", "minItems": 1}},
        });
        let expected = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {"minimum": {"type": "integer"}, "list": {"type": "array", "minItems": 1}},
        });
        assert_eq!(accepted(&schema), (expected, true));
    }

    #[test]
    fn a_schema_that_fits_is_not_touched() {
        let schema = json!({"type": "object", "properties": {"a": {"enum": [1, 2]}}, "additionalProperties": false});
        assert_eq!(accepted(&schema), (schema.clone(), false));
    }
}
