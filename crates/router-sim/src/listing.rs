//! `GET …/models`.

use serde_json::{Value, json};

use crate::wire::Wire;

/// The list of models in a wire's shape.
pub(crate) fn listing<'a>(wire: Wire, models: impl Iterator<Item = &'a str>) -> Value {
    let data: Vec<_> = models.map(|model| entry(wire, model)).collect();
    match wire {
        Wire::OpenAi => json!({"object": "list", "data": data}),
        Wire::OpenRouter => json!({"data": data}),
        Wire::Anthropic => {
            let end = |entry: Option<&Value>| entry.map_or(Value::Null, |entry| entry["id"].clone());
            json!({"first_id": end(data.first()), "last_id": end(data.last()), "has_more": false, "data": data})
        }
    }
}

fn entry(wire: Wire, model: &str) -> Value {
    match wire {
        Wire::OpenAi => json!({"id": model, "object": "model", "created": 1_767_225_600, "owned_by": "simulated"}),
        Wire::Anthropic => json!({
            "type": "model", "id": model, "display_name": model, "created_at": "2026-01-01T00:00:00Z",
            "max_input_tokens": 200_000, "max_tokens": 64_000
        }),
        Wire::OpenRouter => json!({
            "id": model, "canonical_slug": model, "name": model, "created": 1_767_225_600, "context_length": 200_000,
            "pricing": {"prompt": "0.000001", "completion": "0.000004"},
            "supported_parameters": ["max_tokens", "temperature", "tools", "response_format"]
        }),
    }
}
