//! What an item of a caller's request says: a string, or a list of parts.

use router_core::conversation::{Content, Part, Source};
use serde_json::Value;

use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::openai_chat::inbound_content::cache_mark;
use crate::request_error::RequestError;

/// A document whose bytes come without their kind.
const PDF: &str = "application/pdf";

/// Reads the content of a message, or what a function returned.
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

fn part(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Part>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let kind = fields.required_string("type")?;
    let mark = fields.take("prompt_cache_breakpoint");
    let content = match kind.as_str() {
        "input_text" | "output_text" | "text" => {
            // How likely its tokens were says nothing to a model.
            fields.take("logprobs");
            Some(Content::Text(fields.required_string("text")?))
        }
        "refusal" => Some(Content::Refusal(fields.required_string("refusal")?)),
        "input_image" => image(&mut fields, at, losses)?,
        "input_file" => file(&mut fields, at, losses)?,
        _ => {
            losses.essential(listed!("input.content.type"));
            None
        }
    };
    let Some(content) = content else { return Ok(None) };
    for name in fields.rest() {
        losses.unknown(listed!("input.content.*"), name);
    }
    Ok(Some(Part { content, cache: cache_mark(None, mark.as_ref()) }))
}

fn image(fields: &mut Fields<'_>, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Content>, RequestError> {
    let (url, id, detail) = (fields.string("image_url")?, fields.string("file_id")?, fields.string("detail")?);
    match (url, id) {
        (Some(url), _) => Ok(Some(Content::Image { source: Source::Url(url), detail })),
        (None, Some(_)) => {
            losses.essential(listed!("input.content.file_id"));
            Ok(None)
        }
        (None, None) => Err(at.field("image_url").missing()),
    }
}

/// A document by its bytes or its address; the id of one that was uploaded to OpenAI means nothing to any other.
fn file(fields: &mut Fields<'_>, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Content>, RequestError> {
    let name = fields.string("filename")?;
    let (data, url, id) = (fields.string("file_data")?, fields.string("file_url")?, fields.string("file_id")?);
    let source = match (data, url, id) {
        (Some(data), _, _) if data.contains(':') => Source::Url(data),
        (Some(data), _, _) => Source::Base64 { media_type: PDF.to_owned(), data },
        (None, Some(url), _) => Source::Url(url),
        (None, None, Some(_)) => {
            losses.essential(listed!("input.content.file_id"));
            return Ok(None);
        }
        (None, None, None) => return Err(at.field("file_data").missing()),
    };
    Ok(Some(Content::Document { source, name }))
}
