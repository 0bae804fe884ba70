//! What a turn of a caller's request says: a string, or a list of parts.

use router_core::conversation::{CacheMark, Content, Part, Source};
use serde_json::Value;

use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// A document whose bytes come without their kind.
const PDF: &str = "application/pdf";

/// What stands for parts of a kind that is not known here. They may name addresses.
pub(super) const UNKNOWN_PART: &str = "messages.content.type";

/// Reads the content of a turn.
pub(super) fn content(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Part>, RequestError> {
    match value {
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Array(values) => {
            let mut parts = Vec::with_capacity(values.len());
            for (index, value) in values.into_iter().enumerate() {
                parts.extend(part(value, &at.index(index), losses)?);
            }
            Ok(parts)
        }
        other => Err(at.not("a string or an array of parts", &other)),
    }
}

/// One part; `None` for one that a conversation has no place for.
fn part(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Part>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let kind = fields.required_string("type")?;
    let marks = (fields.take("cache_control"), fields.take("prompt_cache_breakpoint"));
    let content = match kind.as_str() {
        "text" => Content::Text(fields.required_string("text")?),
        "refusal" => Content::Refusal(fields.required_string("refusal")?),
        "image_url" => image(fields.required("image_url")?, &at.field("image_url"))?,
        "file" => match file(fields.required("file")?, &at.field("file"), losses)? {
            Some(document) => document,
            None => return Ok(None),
        },
        "input_audio" => {
            losses.essential(listed!("messages.content.input_audio"));
            return Ok(None);
        }
        _ => {
            // Video, and what else servers may take.
            losses.essential(listed!(UNKNOWN_PART));
            return Ok(None);
        }
    };
    for name in fields.rest() {
        losses.unknown(listed!("messages.content.*"), name);
    }
    Ok(Some(Part { content, cache: cache_mark(marks.0.as_ref(), marks.1.as_ref()) }))
}

fn image(value: Value, at: &Path<'_>) -> Result<Content, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let url = fields.required_string("url")?;
    Ok(Content::Image { source: Source::Url(url), detail: fields.string("detail")? })
}

/// A document by its bytes; the id of one that was uploaded to a provider means nothing to any other.
fn file(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Content>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let name = fields.string("filename")?;
    let id = fields.string("file_id")?;
    let Some(data) = fields.string("file_data")? else {
        if id.is_none() {
            return Err(at.field("file_data").missing());
        }
        losses.essential(listed!("messages.content.file.file_id"));
        return Ok(None);
    };
    let source =
        if data.contains(':') { Source::Url(data) } else { Source::Base64 { media_type: PDF.to_owned(), data } };
    Ok(Some(Content::Document { source, name }))
}

/// The mark that a part bears, in Anthropic's words or OpenAI's. Half an hour and less is the default of the one or the other.
pub(crate) fn cache_mark(control: Option<&Value>, breakpoint: Option<&Value>) -> Option<CacheMark> {
    let ttl = control.or(breakpoint)?.get("ttl").and_then(Value::as_str);
    Some(if matches!(ttl, Some("1h" | "12h")) { CacheMark::Long } else { CacheMark::Default })
}
