//! The turns of a conversation as chat messages.

use std::borrow::Cow;

use router_core::conversation::{self, Content, Conversation, Role};
use router_core::model::Model;

use super::flavour::{CacheSyntax, Flavour, ReasoningHistory};
use super::request::{
    Body, CalledFunction, File, ImageUrl, Marker, Message, Part, PartKind, ReasoningDetail, ToolCall,
};
use crate::answer::CallError;
use crate::cache_marks::CacheMarks;
use crate::data_url;
use crate::encoded::Dropped;
use crate::loss_table::listed;
use crate::names::{TOOL_NAME, fit};
use crate::needs::unsupported;

/// What the whole request needs to know while its parts are written.
pub(super) struct Context<'a, 'd> {
    pub(super) flavour: Flavour,
    pub(super) model: &'a Model,
    pub(super) marks: CacheMarks,
    pub(super) dropped: &'d mut Dropped,
    /// Whether any cache marker was written.
    pub(super) marked: bool,
}

/// What stands before the text of a tool's failure: the dialect has no field for it.
const TOOL_FAILED: &str = "Error: ";

/// A document without a name: the field is required.
const DOCUMENT_NAME: &str = "document.pdf";

/// Writes all turns. Adjacent system turns become one, because many chat templates take a single one;
/// images in tool results follow in a user turn after the last result, because tool turns hold text alone.
pub(super) fn messages<'a>(
    asked: &'a Conversation,
    context: &mut Context<'a, '_>,
) -> Result<Vec<Message<'a>>, CallError> {
    let mut written = Vec::with_capacity(asked.messages.len());
    let mut waiting = Vec::new();
    let mut turns = asked.messages.iter().peekable();
    while let Some(turn) = turns.next() {
        match turn.role {
            Role::System => {
                flush(&mut waiting, &mut written);
                let mut parts: Vec<_> = turn.parts.iter().collect();
                while let Some(next) = turns.next_if(|next| next.role == Role::System) {
                    parts.extend(&next.parts);
                }
                written.push(system(parts, context)?);
            }
            Role::Assistant => {
                flush(&mut waiting, &mut written);
                written.push(assistant(turn, context)?);
            }
            Role::User | Role::Tool => results_and_said(turn, context, &mut waiting, &mut written)?,
        }
    }
    flush(&mut waiting, &mut written);
    Ok(written)
}

/// Writes what waits for the end of the tool results as a user turn.
fn flush<'a>(waiting: &mut Vec<Part<'a>>, written: &mut Vec<Message<'a>>) {
    if !waiting.is_empty() {
        written.push(Message::User { content: Body::of(std::mem::take(waiting)) });
    }
}

fn system<'a>(parts: Vec<&'a conversation::Part>, context: &mut Context<'a, '_>) -> Result<Message<'a>, CallError> {
    let mut texts = Vec::with_capacity(parts.len());
    for part in parts {
        match &part.content {
            Content::Text(_) => texts.push(said(part, context)?),
            _ => return Err(unsupported("messages", "a system turn holds text alone")),
        }
    }
    let plain: Option<Vec<&str>> = texts
        .iter()
        .map(|part| match &part.kind {
            PartKind::Text { text } if part.marker.is_none() => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let content = match plain {
        Some(lines) if lines.len() > 1 => Body::Text(lines.join("\n\n").into()),
        _ => Body::of(texts),
    };
    let developer = context.flavour.has_developer_role(context.model);
    Ok(if developer { Message::Developer { content } } else { Message::System { content } })
}

/// A user or tool turn: its tool results as turns of their own, then the rest as what the user said.
fn results_and_said<'a>(
    turn: &'a conversation::Message,
    context: &mut Context<'a, '_>,
    waiting: &mut Vec<Part<'a>>,
    written: &mut Vec<Message<'a>>,
) -> Result<(), CallError> {
    let mut rest = Vec::new();
    let mut results = false;
    for part in &turn.parts {
        if let Content::ToolResult { call_id, parts, is_error } = &part.content {
            results = true;
            context.marks.lose(part.cache);
            written.push(result(call_id, parts, *is_error, context, waiting)?);
        } else {
            rest.push(said(part, context)?);
        }
    }
    if rest.is_empty() && (results || turn.role == Role::Tool) {
        return Ok(());
    }
    waiting.append(&mut rest);
    written.push(Message::User { content: Body::of(std::mem::take(waiting)) });
    Ok(())
}

fn result<'a>(
    call_id: &'a str,
    parts: &'a [conversation::Part],
    is_error: bool,
    context: &mut Context<'a, '_>,
    waiting: &mut Vec<Part<'a>>,
) -> Result<Message<'a>, CallError> {
    let mut texts = Vec::with_capacity(parts.len());
    if is_error {
        texts.push(plain(TOOL_FAILED));
    }
    for part in parts {
        match &part.content {
            Content::Text(text) => {
                context.marks.lose(part.cache);
                texts.push(plain(text));
            }
            _ => waiting.push(said(part, context)?),
        }
    }
    let content = if is_error { Body::Text(joined(&texts).into()) } else { Body::of(texts) };
    Ok(Message::Tool { tool_call_id: call_id_of(call_id, context.flavour), content })
}

fn plain(text: &str) -> Part<'_> {
    Part { kind: PartKind::Text { text: text.into() }, marker: None }
}

fn joined(parts: &[Part<'_>]) -> String {
    let texts = parts.iter().filter_map(|part| match &part.kind {
        PartKind::Text { text } => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

fn call_id_of(id: &str, flavour: Flavour) -> Cow<'_, str> {
    let longest = flavour.longest_call_id();
    if id.len() <= longest { Cow::Borrowed(id) } else { fit(id, longest) }
}

/// Text, an image or a document.
fn said<'a>(part: &'a conversation::Part, context: &mut Context<'a, '_>) -> Result<Part<'a>, CallError> {
    let kind = match &part.content {
        Content::Text(text) | Content::Refusal(text) => PartKind::Text { text: text.into() },
        Content::Image { source, .. } if data_url::is_address(source) && !context.flavour.fetches_images() => {
            return Err(unsupported("image", "this provider takes images as data, not by address"));
        }
        Content::Image { source, detail } => {
            PartKind::ImageUrl { image_url: ImageUrl { url: data_url::url_of(source), detail: detail.as_deref() } }
        }
        Content::Document { source, .. } if data_url::is_address(source) && !context.flavour.fetches_documents() => {
            return Err(unsupported("document", "this provider takes documents as data, not by address"));
        }
        Content::Document { source, name } => {
            let filename = name.as_deref().unwrap_or(DOCUMENT_NAME);
            PartKind::File { file: File { filename, file_data: data_url::url_of(source) } }
        }
        Content::ToolCall(_) => return Err(unsupported("messages", "only an assistant turn calls tools")),
        Content::ToolResult { .. } => return Err(unsupported("messages", "a tool result stands where none can")),
        Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
            return Err(unsupported("messages", "only an assistant turn holds reasoning"));
        }
    };
    let marker = match context.flavour.cache_syntax(context.model) {
        CacheSyntax::Breakpoint => context.marks.take(part.cache).map(Marker::breakpoint),
        CacheSyntax::CacheControl => context.marks.take(part.cache).map(Marker::cache_control),
        CacheSyntax::Unknown => {
            context.marks.lose(part.cache);
            None
        }
    };
    context.marked |= marker.is_some();
    Ok(Part { kind, marker })
}

fn assistant<'a>(turn: &'a conversation::Message, context: &mut Context<'a, '_>) -> Result<Message<'a>, CallError> {
    let mut text: Option<String> = None;
    let mut refusal = None;
    let mut thoughts: Option<String> = None;
    let mut details = Vec::new();
    let mut calls = Vec::new();
    let history = context.flavour.reasoning_history(context.model);
    for part in &turn.parts {
        context.marks.lose(part.cache);
        match (&part.content, history) {
            (Content::Text(more), _) => text.get_or_insert_default().push_str(more),
            (Content::Refusal(words), _) if context.flavour == Flavour::OpenAi && refusal.is_none() => {
                refusal = Some(words.as_str());
            }
            (Content::Refusal(words), _) => text.get_or_insert_default().push_str(words),
            (Content::ToolCall(call), _) => calls.push(tool_call(call, context.flavour)),
            (Content::Reasoning { text, signature }, ReasoningHistory::Details) => {
                details.push(ReasoningDetail::Text { text, signature: signature.as_deref() });
            }
            (Content::Reasoning { text, signature }, ReasoningHistory::Content) => {
                thoughts.get_or_insert_default().push_str(text);
                if signature.is_some() {
                    context.dropped.note(listed!("reasoning.signature"));
                }
            }
            (Content::RedactedReasoning(data), ReasoningHistory::Details) => {
                details.push(ReasoningDetail::Encrypted { data });
            }
            (Content::Reasoning { .. } | Content::RedactedReasoning(_), _) => {
                context.dropped.note(listed!("reasoning"));
            }
            (Content::Image { .. } | Content::Document { .. }, _) => {
                return Err(unsupported("messages", "an assistant turn holds neither images nor documents"));
            }
            (Content::ToolResult { .. }, _) => {
                return Err(unsupported("messages", "an assistant turn holds no tool results"));
            }
        }
    }
    // `null` is for turns that say something else; an empty turn needs its empty text.
    let silent = text.is_none() && refusal.is_none() && calls.is_empty();
    Ok(Message::Assistant {
        content: text.or_else(|| silent.then(String::new)),
        refusal,
        reasoning_content: thoughts,
        reasoning_details: details,
        tool_calls: calls,
    })
}

fn tool_call(call: &conversation::ToolCall, flavour: Flavour) -> ToolCall<'_> {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    let function = CalledFunction { name: fit(&call.name, TOOL_NAME), arguments };
    ToolCall { id: call_id_of(&call.id, flavour), kind: "function", function }
}
