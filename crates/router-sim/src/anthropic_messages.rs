//! The messages of a Messages request: their blocks, and which may follow which.

use crate::asked::{Asked, TOKENS_PER_ATTACHMENT, TOKENS_PER_MESSAGE, tokens};
use crate::field::Field;
use crate::problem::{How, Wrong};
use crate::refuses::Refuses;

/// Checks the messages and takes from them what the answer depends on.
pub(crate) fn read(messages: &Field<'_>, refuses: &[Refuses], asked: &mut Asked) -> Result<(), Wrong> {
    let items = messages.items()?;
    if items.is_empty() {
        return Err(messages.bad("at least one message is required"));
    }
    // Calls of the assistant's turn that have to be answered by the next message.
    let mut open_calls: Vec<String> = Vec::new();
    for (place, message) in items.iter().enumerate() {
        message.only(&["role", "content"])?;
        let role = message.need("role")?.one_of(&["user", "assistant", "system"])?;
        asked.prompt_tokens += TOKENS_PER_MESSAGE;
        let content = message.need("content")?;
        let turn = if role == "system" {
            Turn { tokens: read_texts(&content)?, ..Turn::default() }
        } else {
            read_content(&content, role)?
        };
        asked.prompt_tokens += turn.tokens;
        answer_calls(&content, &mut open_calls, &turn)?;
        asked.prefilled = if role == "assistant" { tokens(&turn.text) } else { 0 };
        match role {
            "user" => {
                asked.after_tools = !turn.results.is_empty();
                if !turn.text.is_empty() || turn.results.is_empty() {
                    asked.last_user = turn.text;
                }
            }
            "assistant" => {
                let last = place + 1 == items.len();
                if last && refuses.contains(&Refuses::Prefill) {
                    return Err(message.bad(
                        "This model does not support assistant message prefill. The conversation must end with a \
                         user message.",
                    ));
                }
                if last && turn.ends_in_whitespace {
                    return Err(content.bad("final assistant content cannot end with trailing whitespace"));
                }
                open_calls = turn.calls;
            }
            _ => {}
        }
    }
    if open_calls.is_empty() { Ok(()) } else { Err(unanswered(messages, &open_calls)) }
}

/// What one message holds.
#[derive(Debug, Default)]
struct Turn {
    text: String,
    ends_in_whitespace: bool,
    tokens: u64,
    calls: Vec<String>,
    results: Vec<String>,
}

/// All results of a turn's calls come in the message after it, and results come for such calls only.
fn answer_calls(content: &Field<'_>, open_calls: &mut Vec<String>, turn: &Turn) -> Result<(), Wrong> {
    if let Some(stray) = turn.results.iter().find(|result| !open_calls.contains(result)) {
        return Err(content.bad(format!(
            "unexpected `tool_use_id` found in `tool_result` blocks: {stray}. Each `tool_result` block must have a \
             corresponding `tool_use` block in the previous message."
        )));
    }
    open_calls.retain(|call| !turn.results.contains(call));
    if open_calls.is_empty() { Ok(()) } else { Err(unanswered(content, open_calls)) }
}

fn unanswered(field: &Field<'_>, open_calls: &[String]) -> Wrong {
    field.bad(format!(
        "`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must \
         have a corresponding `tool_result` block in the next message.",
        open_calls.join(", ")
    ))
}

/// A string or text blocks; their tokens.
pub(crate) fn read_texts(content: &Field<'_>) -> Result<u64, Wrong> {
    if let Some(text) = content.value().as_str() {
        return Ok(tokens(text));
    }
    content
        .items()?
        .iter()
        .map(|block| {
            block.need("type")?.one_of(&["text"])?;
            read_text(block).map(tokens)
        })
        .sum()
}

fn read_content(content: &Field<'_>, role: &str) -> Result<Turn, Wrong> {
    if let Some(text) = content.value().as_str() {
        if text.is_empty() {
            return Err(content.bad("messages must have non-empty content"));
        }
        let ends_in_whitespace = text.ends_with(char::is_whitespace);
        return Ok(Turn { text: text.to_owned(), ends_in_whitespace, tokens: tokens(text), ..Turn::default() });
    }
    let blocks = content.items()?;
    if blocks.is_empty() {
        return Err(content.bad("messages must have non-empty content"));
    }
    let mut turn = Turn::default();
    for block in &blocks {
        read_block(block, role, &mut turn)?;
    }
    Ok(turn)
}

fn read_block(block: &Field<'_>, role: &str, turn: &mut Turn) -> Result<(), Wrong> {
    let kind = block.need("type")?;
    let known: &[&str] = if role == "user" {
        &["text", "image", "document", "search_result", "tool_result", "container_upload"]
    } else {
        &[
            "text",
            "thinking",
            "redacted_thinking",
            "tool_use",
            "server_tool_use",
            "web_search_tool_result",
            "web_fetch_tool_result",
            "code_execution_tool_result",
            "bash_code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "container_upload",
        ]
    };
    turn.ends_in_whitespace = false;
    match kind.one_of(known)? {
        "text" => {
            let text = read_text(block)?;
            turn.tokens += tokens(text);
            turn.ends_in_whitespace = text.ends_with(char::is_whitespace);
            if !turn.text.is_empty() {
                turn.text.push('\n');
            }
            turn.text.push_str(text);
        }
        "thinking" => {
            block.only(&["type", "thinking", "signature"])?;
            turn.tokens += tokens(block.need("thinking")?.str()?);
            block.need("signature")?.str()?;
        }
        "redacted_thinking" => {
            block.need("data")?.str()?;
        }
        "tool_use" => {
            let input = block.need("input")?;
            input.object()?;
            block.need("name")?.str()?;
            turn.tokens += 1 + tokens(&input.value().to_string());
            turn.calls.push(call_id(&block.need("id")?)?);
        }
        "tool_result" => {
            // Results come first: text before a result in the same message is refused.
            if !turn.text.is_empty() {
                return Err(block.bad("`tool_result` blocks must come before other content"));
            }
            turn.results.push(call_id(&block.need("tool_use_id")?)?);
            if let Some(result) = block.get("content")? {
                turn.tokens += read_result(&result)?;
            }
            if let Some(is_error) = block.get("is_error")? {
                is_error.bool()?;
            }
        }
        kind => {
            if ["image", "document"].contains(&kind) {
                read_source(block)?;
            }
            turn.tokens += TOKENS_PER_ATTACHMENT;
        }
    }
    read_cache_mark(block)
}

fn read_text<'a>(block: &Field<'a>) -> Result<&'a str, Wrong> {
    block.only(&["type", "text", "cache_control", "citations"])?;
    let text = block.need("text")?;
    if text.str()?.is_empty() {
        return Err(text.bad("text content blocks must be non-empty"));
    }
    if text.str()?.trim().is_empty() {
        return Err(text.bad("text content blocks must contain non-whitespace text"));
    }
    text.str()
}

fn read_result(result: &Field<'_>) -> Result<u64, Wrong> {
    if let Some(text) = result.value().as_str() {
        return Ok(tokens(text));
    }
    result
        .items()?
        .iter()
        .map(|block| match block.need("type")?.one_of(&["text", "image", "document"])? {
            "text" => read_text(block).map(tokens),
            _ => read_source(block).map(|()| TOKENS_PER_ATTACHMENT),
        })
        .sum()
}

fn call_id(id: &Field<'_>) -> Result<String, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.str()?.is_empty() || !id.str()?.chars().all(plain) {
        return Err(id.bad("String should match pattern '^[a-zA-Z0-9_-]+$'"));
    }
    Ok(id.str()?.to_owned())
}

/// Where an image's or a document's bytes are.
fn read_source(block: &Field<'_>) -> Result<(), Wrong> {
    let source = block.need("source")?;
    match source.need("type")?.one_of(&["base64", "url", "file", "text", "content"])? {
        "base64" => {
            let media_type = source.need("media_type")?;
            if block.need("type")?.str()? == "image" {
                media_type.one_of(&["image/jpeg", "image/png", "image/gif", "image/webp"])?;
            } else {
                media_type.one_of(&["application/pdf"])?;
            }
            source.need("data")?.str().map(drop)
        }
        "url" => source.need("url")?.str().map(drop),
        "file" => source.need("file_id")?.str().map(drop),
        "text" => source.need("data")?.str().map(drop),
        _ => source.need("content").map(drop),
    }
}

fn read_cache_mark(block: &Field<'_>) -> Result<(), Wrong> {
    let Some(mark) = block.get("cache_control")? else { return Ok(()) };
    // Thought is cached with the turn around it, never marked itself.
    if block.need("type")?.str()?.ends_with("thinking") {
        return Err(mark.wrong(How::Unknown));
    }
    mark.need("type")?.one_of(&["ephemeral"])?;
    match mark.get("ttl")? {
        Some(ttl) => ttl.one_of(&["5m", "1h"]).map(drop),
        None => Ok(()),
    }
}
