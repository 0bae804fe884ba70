//! How hard a caller wants the model to think, and in what shape the answer.

use router_core::conversation::{Effort, ResponseFormat};
use serde_json::Value;

use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// The wishes of `thinking` and `output_config`.
pub(super) struct Wishes {
    pub(super) effort: Option<Effort>,
    pub(super) format: Option<ResponseFormat>,
}

/// Reads both, and the older name of the shape.
pub(super) fn thinking(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Wishes, RequestError> {
    let (mut level, mut format) = (None, None);
    if let Some(config) = fields.take("output_config") {
        let path = Path::BODY.field("output_config");
        let mut config = Fields::of(config, &path)?;
        level = config.string("effort")?.map(|word| effort(&word, &path.field("effort"))).transpose()?;
        format = config.take("format").map(|format| shape(format, &path.field("format"))).transpose()?;
        for name in config.rest() {
            losses.unknown(listed!("output_config.*"), name);
        }
    }
    if let Some(older) = fields.take("output_format") {
        format = format.or(Some(shape(older, &Path::BODY.field("output_format"))?));
    }
    let effort = match fields.take("thinking") {
        Some(thinking) => of_thinking(thinking, level, losses)?,
        None => level,
    };
    Ok(Wishes { effort, format })
}

fn effort(word: &str, at: &Path<'_>) -> Result<Effort, RequestError> {
    Ok(match word {
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::Xhigh,
        "max" => Effort::Max,
        _ => return Err(at.wrong("must be one of low, medium, high, xhigh and max")),
    })
}

/// The effort that `thinking` stands for beside the `level` that was named.
fn of_thinking(value: Value, level: Option<Effort>, losses: &mut Losses) -> Result<Option<Effort>, RequestError> {
    let path = Path::BODY.field("thinking");
    let mut fields = Fields::of(value, &path)?;
    let kind = fields.required_string("type")?;
    let budget = fields.take("budget_tokens");
    if fields.string("display")?.is_some_and(|display| display != "summarized") {
        losses.minor(listed!("thinking.display"));
    }
    Ok(match kind.as_str() {
        "disabled" => Some(Effort::None),
        // The model decides how much.
        "adaptive" => level,
        "between_tools" => {
            losses.minor(listed!("thinking.type"));
            level
        }
        "enabled" => {
            let path = path.field("budget_tokens");
            let budget = budget.ok_or_else(|| path.missing())?;
            let tokens = budget.as_u64().ok_or_else(|| path.not("an integer", &budget))?;
            losses.minor(listed!("thinking.budget_tokens"));
            level.or(Some(of_budget(tokens)))
        }
        _ => return Err(path.field("type").wrong("must be one of enabled, disabled, adaptive and between_tools")),
    })
}

/// The level that a budget is nearest to: the budgets in common use for these words, read backwards.
pub(super) const fn of_budget(tokens: u64) -> Effort {
    match tokens {
        4_096.. => Effort::High,
        2_048.. => Effort::Medium,
        _ => Effort::Low,
    }
}

fn shape(value: Value, at: &Path<'_>) -> Result<ResponseFormat, RequestError> {
    let mut fields = Fields::of(value, at)?;
    if fields.required_string("type")? != "json_schema" {
        return Err(at.field("type").wrong("must be json_schema"));
    }
    let schema = fields.required("schema")?;
    if !schema.is_object() {
        return Err(at.field("schema").not("an object", &schema));
    }
    let strict = is_closed(&schema).then_some(true);
    Ok(ResponseFormat::JsonSchema { name: None, schema, strict })
}

/// Whether every object of a schema requires all its properties and allows no other: what OpenAI calls strict, and refuses
/// where it is not so. Anthropic keeps to any schema.
fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => {
            let properties = keywords.get("properties").and_then(Value::as_object);
            let closed = properties.is_none_or(|properties| {
                let required = keywords.get("required").and_then(Value::as_array);
                let is_required = |name: &String| required.is_some_and(|names| names.iter().any(|one| one == name));
                keywords.get("additionalProperties") == Some(&Value::Bool(false)) && properties.keys().all(is_required)
            });
            closed && keywords.values().all(is_closed)
        }
        Value::Array(schemas) => schemas.iter().all(is_closed),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_schema_that_openai_takes_for_strict_is_strict() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}},
            "required": ["a"], "additionalProperties": false});
        assert!(is_closed(&closed));
        let optional = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false});
        let open_within = json!({"type": "object", "properties": {"a": {"properties": {"b": {}}}}, "required": ["a"],
            "additionalProperties": false});
        for schema in [optional, open_within] {
            assert!(!is_closed(&schema), "{schema}");
        }
    }
}
