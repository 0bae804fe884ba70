//! OpenAI's rules for `strict: true`: every object closed, every property required.

use serde_json::Value;

use crate::field::Field;
use crate::problem::Wrong;

/// Checks a schema and the schemas within it.
pub(crate) fn check(schema: &Field<'_>) -> Result<(), Wrong> {
    walk(schema.value()).map_err(|rule| schema.bad(rule))
}

fn walk(schema: &Value) -> Result<(), String> {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err("'additionalProperties' is required to be supplied and to be false".to_owned());
        }
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        if let Some(name) = properties.keys().find(|name| !is_required(name)) {
            return Err(format!(
                "'required' is required to be supplied and to be an array including every key in properties. \
                 Missing '{name}'."
            ));
        }
    }
    let maps = ["properties", "$defs", "definitions"].into_iter().filter_map(|key| schema.get(key)?.as_object());
    maps.flat_map(|map| map.values()).chain(schema.get("items")).try_for_each(walk)?;
    let any_of = schema.get("anyOf").and_then(Value::as_array);
    any_of.into_iter().flatten().try_for_each(walk)
}
