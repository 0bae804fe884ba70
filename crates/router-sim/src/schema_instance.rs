//! The smallest value that satisfies a JSON schema, for the keywords structured outputs use.

use serde_json::{Map, Value, json};

/// How deep to follow `$ref`, `anyOf` and nested objects: enough for any schema that ends, a stop for one that doesn't.
const DEEPEST: usize = 32;

/// An instance of `schema`. Its free strings say that they are simulated.
pub(crate) fn instance(schema: &Value) -> Value {
    build(schema, schema, DEEPEST)
}

fn build(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map_or(Value::Null, |found| build(found, root, depth));
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    for union in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(union).and_then(|branches| branches.get(0)) {
            return build(first, root, depth);
        }
    }
    match kind(schema) {
        "object" => object(schema, root, depth),
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(64);
            let item = schema.get("items").map_or(Value::Null, |items| build(items, root, depth));
            Value::Array((0..least).map(|_| item.clone()).collect())
        }
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "number" => schema.get("minimum").cloned().unwrap_or(json!(0.5)),
        "boolean" => json!(false),
        "null" => Value::Null,
        _ => string(schema),
    }
}

/// The first type named; an object where there is none but properties.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let mut map = Map::new();
    let properties = schema.get("properties");
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let property = properties.and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
        map.insert(name.to_owned(), build(property, root, depth));
    }
    Value::Object(map)
}

fn string(schema: &Value) -> Value {
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("email") => "simulated@example.com",
        Some("uri") => "https://example.com/simulated",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "[simulated]",
    };
    json!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_properties_and_no_others() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"}, "age": {"type": "integer", "minimum": 18}, "note": {"type": "string"},
                "mood": {"enum": ["good", "bad"]},
                "tags": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
                "home": {"$ref": "#/$defs/home"}, "spouse": {"anyOf": [{"type": "null"}, {"type": "string"}]}
            },
            "required": ["name", "age", "mood", "tags", "home", "spouse"],
            "$defs": {
                "home": {"properties": {"in": {"type": ["string", "null"], "format": "date"}}, "required": ["in"]}
            }
        });
        let expected = json!({
            "name": "[simulated]", "age": 18, "mood": "good", "tags": [false, false],
            "home": {"in": "2026-01-01"}, "spouse": null
        });
        assert_eq!(instance(&schema), expected);
    }

    #[test]
    fn a_schema_without_end_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]});
        assert!(instance(&schema).is_object());
    }
}
