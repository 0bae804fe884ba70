//! The parts of a turn as content blocks.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use router_core::conversation::{self, Content};
use serde_json::value::RawValue;

use super::request::{Block, BlockKind, Source};
use crate::answer::CallError;
use crate::cache_marks::CacheMarks;
use crate::data_url::{self, Bytes};
use crate::encoded::Dropped;
use crate::loss_table::listed;
use crate::names::{TOOL_NAME, fit};
use crate::needs::unsupported;

/// What the whole request needs to know while its parts are written.
pub(super) struct Context<'d> {
    pub(super) marks: CacheMarks,
    pub(super) dropped: &'d mut Dropped,
}

/// The pictures that the API reads.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The longest id: generous, the API itself limits the alphabet only.
const LONGEST_ID: usize = 128;

/// OpenAI's default for the resolution hint, which loses nothing by being left out.
const DEFAULT_DETAIL: &str = "auto";

/// One block; `None` for what says nothing (an empty text) and for reasoning that only its author could use.
pub(super) fn block<'a>(
    part: &'a conversation::Part,
    context: &mut Context<'_>,
) -> Result<Option<Block<'a>>, CallError> {
    let kind = match &part.content {
        Content::Text(text) | Content::Refusal(text) => {
            if text.trim().is_empty() {
                context.marks.lose(part.cache);
                return Ok(None);
            }
            BlockKind::Text { text: text.into() }
        }
        Content::Image { source, detail } => {
            if detail.as_deref().is_some_and(|detail| detail != DEFAULT_DETAIL) {
                context.dropped.note(listed!("image.detail"));
            }
            BlockKind::Image { source: image(source)? }
        }
        Content::Document { source, name } => BlockKind::Document { source: document(source)?, title: name.as_deref() },
        Content::ToolCall(call) => BlockKind::ToolUse {
            id: fit(&call.id, LONGEST_ID),
            name: fit(&call.name, TOOL_NAME),
            input: input(&call.arguments, context)?,
        },
        Content::ToolResult { call_id, parts, is_error } => BlockKind::ToolResult {
            tool_use_id: fit(call_id, LONGEST_ID),
            content: result(parts, context)?,
            is_error: *is_error,
        },
        Content::Reasoning { text, signature } => {
            context.marks.lose(part.cache);
            let Some(signature) = signature else {
                context.dropped.note(listed!("reasoning"));
                return Ok(None);
            };
            return Ok(Some(Block { kind: BlockKind::Thinking { thinking: text, signature }, cache_control: None }));
        }
        Content::RedactedReasoning(data) => {
            context.marks.lose(part.cache);
            return Ok(Some(Block { kind: BlockKind::RedactedThinking { data }, cache_control: None }));
        }
    };
    Ok(Some(Block { kind, cache_control: context.marks.take(part.cache).map(Into::into) }))
}

fn result<'a>(parts: &'a [conversation::Part], context: &mut Context<'_>) -> Result<Vec<Block<'a>>, CallError> {
    let mut content = Vec::with_capacity(parts.len());
    for part in parts {
        match &part.content {
            Content::Text(_) | Content::Image { .. } | Content::Document { .. } => {
                content.extend(block(part, context)?);
            }
            _ => return Err(unsupported("messages", "a tool result holds texts, images and documents")),
        }
    }
    Ok(content)
}

fn image(source: &conversation::Source) -> Result<Source<'_>, CallError> {
    match data_url::look_into(source) {
        Some(Bytes::At(url)) => Ok(Source::Url { url }),
        Some(Bytes::Base64 { media_type, data }) if IMAGES.contains(&media_type) => {
            Ok(Source::Base64 { media_type, data })
        }
        Some(Bytes::Base64 { media_type, .. }) => {
            Err(unsupported("image", &format!("{media_type:?} is none of {}", IMAGES.join(", "))))
        }
        None => Err(unsupported("image", "a data URL has to be base64")),
    }
}

fn document(source: &conversation::Source) -> Result<Source<'_>, CallError> {
    match data_url::look_into(source) {
        Some(Bytes::At(url)) => Ok(Source::Url { url }),
        Some(Bytes::Base64 { media_type: media_type @ "application/pdf", data }) => {
            Ok(Source::Base64 { media_type, data })
        }
        Some(Bytes::Base64 { media_type: "text/plain", data }) => {
            let text = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(data) = text else { return Err(unsupported("document", "the text is not UTF-8 in base64")) };
            Ok(Source::Text { media_type: "text/plain", data })
        }
        Some(Bytes::Base64 { media_type, .. }) => {
            Err(unsupported("document", &format!("{media_type:?} is neither application/pdf nor text/plain")))
        }
        None => Err(unsupported("document", "a data URL has to be base64")),
    }
}

/// The arguments of a call as the model wrote them.
fn input(arguments: &str, context: &mut Context<'_>) -> Result<Box<RawValue>, CallError> {
    let (json, as_written) =
        object(arguments).map_err(|error| unsupported("tool_call.arguments", &error.to_string()))?;
    if !as_written {
        context.dropped.note(listed!("tool_call.arguments"));
    }
    Ok(json)
}

/// Arguments as the JSON object that this dialect has for them, and whether they are one. What is none is kept as the text it
/// is, in an object.
pub(super) fn object(arguments: &str) -> Result<(Box<RawValue>, bool), serde_json::Error> {
    let arguments = arguments.trim();
    let arguments = if arguments.is_empty() { "{}" } else { arguments };
    if arguments.starts_with('{')
        && let Ok(json) = RawValue::from_string(arguments.to_owned())
    {
        return Ok((json, true));
    }
    Ok((serde_json::value::to_raw_value(&NotAnObject { text: Cow::Borrowed(arguments) })?, false))
}

#[derive(serde::Serialize)]
struct NotAnObject<'a> {
    text: Cow<'a, str>,
}
