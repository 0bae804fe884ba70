//! What a turn of a caller's request says: a string, or a list of blocks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use router_core::conversation::{CacheMark, Content, Part, Source, ToolCall};
use serde_json::Value;

use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// What stands for blocks of a kind that is not known here: tools that Anthropic runs, and what else it may take.
pub(super) const UNKNOWN_BLOCK: &str = "messages.content.type";

/// What stands for bytes that were uploaded to Anthropic.
const UPLOADED: &str = "messages.content.source.file_id";

/// Reads the content of a turn, or of a tool's result.
pub(super) fn content(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Part>, RequestError> {
    match value {
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Array(values) => {
            let mut parts = Vec::with_capacity(values.len());
            for (index, value) in values.into_iter().enumerate() {
                parts.extend(block(value, &at.index(index), losses)?);
            }
            Ok(parts)
        }
        other => Err(at.not("a string or an array of blocks", &other)),
    }
}

/// Reads what holds text alone.
pub(super) fn texts(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Part>, RequestError> {
    let parts = content(value, at, losses)?;
    match parts.iter().position(|part| !matches!(part.content, Content::Text(_))) {
        Some(index) => Err(at.index(index).field("type").wrong("must be text")),
        None => Ok(parts),
    }
}

/// One block; `None` for one that a conversation has no place for.
fn block(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Part>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let kind = fields.required_string("type")?;
    let mark = fields.take("cache_control");
    let said = match kind.as_str() {
        "text" => Some(Content::Text(fields.required_string("text")?)),
        "image" => source(fields.required("source")?, &at.field("source"), losses)?
            .map(|source| Content::Image { source, detail: None }),
        "document" => {
            let name = fields.string("title")?;
            let source = source(fields.required("source")?, &at.field("source"), losses)?;
            source.map(|source| Content::Document { source, name })
        }
        "thinking" => {
            // Servers that imitate Anthropic write an empty signature where they have none.
            let signature = fields.string("signature")?.filter(|signature| !signature.is_empty());
            Some(Content::Reasoning { text: fields.required_string("thinking")?, signature })
        }
        "redacted_thinking" => Some(Content::RedactedReasoning(fields.required_string("data")?)),
        "tool_use" => Some(call(&mut fields, at, losses)?),
        "tool_result" => {
            let call_id = fields.required_string("tool_use_id")?;
            let is_error = fields.boolean("is_error")?.unwrap_or(false);
            let parts = match fields.take("content") {
                Some(said) => content(said, &at.field("content"), losses)?,
                None => Vec::new(),
            };
            Some(Content::ToolResult { call_id, parts, is_error })
        }
        _ => {
            losses.essential(listed!(UNKNOWN_BLOCK));
            None
        }
    };
    let Some(content) = said else { return Ok(None) };
    for name in fields.rest() {
        losses.unknown(listed!("messages.content.*"), name);
    }
    Ok(Some(Part { content, cache: cache_mark(mark.as_ref()) }))
}

fn call(fields: &mut Fields<'_>, at: &Path<'_>, losses: &mut Losses) -> Result<Content, RequestError> {
    let (id, name) = (fields.required_string("id")?, fields.required_string("name")?);
    let input = fields.required("input")?;
    if !input.is_object() {
        return Err(at.field("input").not("an object", &input));
    }
    // Without a word it is the model itself that calls.
    if fields.take("caller").is_some_and(|caller| caller["type"] != "direct") {
        losses.minor(listed!("messages.content.caller"));
    }
    Ok(Content::ToolCall(ToolCall { id, name, arguments: input.to_string() }))
}

/// Where bytes are; `None` for what only Anthropic can look up.
fn source(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Source>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    Ok(match fields.required_string("type")?.as_str() {
        "base64" => Some(Source::Base64 {
            media_type: fields.required_string("media_type")?,
            data: fields.required_string("data")?,
        }),
        "url" => Some(Source::Url(fields.required_string("url")?)),
        "text" => {
            let data = STANDARD.encode(fields.required_string("data")?);
            Some(Source::Base64 { media_type: "text/plain".into(), data })
        }
        "file" => {
            losses.essential(listed!(UPLOADED));
            None
        }
        _ => {
            losses.essential(listed!("messages.content.source.type"));
            None
        }
    })
}

/// The mark that a block bears.
pub(super) fn cache_mark(control: Option<&Value>) -> Option<CacheMark> {
    let long = control?.get("ttl").and_then(Value::as_str) == Some("1h");
    Some(if long { CacheMark::Long } else { CacheMark::Default })
}
