//! The messages of a chat completion: their shapes, and which may follow which.

use crate::asked::{Asked, TOKENS_PER_ATTACHMENT, TOKENS_PER_MESSAGE, tokens};
use crate::field::Field;
use crate::problem::Wrong;

/// Checks the messages and takes from them what the answer depends on.
pub(crate) fn read(messages: &Field<'_>, asked: &mut Asked) -> Result<(), Wrong> {
    let items = messages.items()?;
    if items.is_empty() {
        return Err(messages.bad("expected an array with minimum length 1, but got an empty array instead"));
    }
    // Calls of the last assistant turn that still wait for their result.
    let mut open_calls: Vec<String> = Vec::new();
    let mut after_calls = false;
    for message in &items {
        let role = message.need("role")?;
        let role_name = role.one_of(&["system", "developer", "user", "assistant", "tool", "function"])?;
        asked.prompt_tokens += TOKENS_PER_MESSAGE;
        if role_name == "tool" {
            take_result(message, &mut open_calls, after_calls)?;
            asked.prompt_tokens += read_content(&message.need("content")?, &["text"])?.1;
            asked.after_tools = true;
            continue;
        }
        all_answered(messages, &open_calls)?;
        asked.prefilled = 0;
        after_calls = false;
        asked.after_tools = false;
        if let Some(name) = message.get("name")? {
            name.str()?;
        }
        match role_name {
            "assistant" => {
                open_calls = read_assistant(message, asked)?;
                after_calls = !open_calls.is_empty();
            }
            "user" => {
                let parts = ["text", "image_url", "input_audio", "file"];
                let (text, count) = read_content(&message.need("content")?, &parts)?;
                asked.last_user = text;
                asked.prompt_tokens += count;
            }
            _ => asked.prompt_tokens += read_content(&message.need("content")?, &["text"])?.1,
        }
    }
    all_answered(messages, &open_calls)
}

fn take_result(message: &Field<'_>, open_calls: &mut Vec<String>, after_calls: bool) -> Result<(), Wrong> {
    let id_field = message.need("tool_call_id")?;
    let id = id_field.str()?;
    if !after_calls {
        return Err(message
            .need("role")?
            .bad("messages with role 'tool' must be a response to a preceding message with 'tool_calls'"));
    }
    match open_calls.iter().position(|open| open == id) {
        Some(place) => {
            open_calls.remove(place);
            Ok(())
        }
        None => Err(id_field.bad(format!("'{id}' is not an open call of the preceding message with 'tool_calls'"))),
    }
}

fn all_answered(messages: &Field<'_>, open_calls: &[String]) -> Result<(), Wrong> {
    if open_calls.is_empty() {
        return Ok(());
    }
    Err(messages.bad(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {}",
        open_calls.join(", ")
    )))
}

/// Reads an assistant's message and returns the ids of its calls.
fn read_assistant(message: &Field<'_>, asked: &mut Asked) -> Result<Vec<String>, Wrong> {
    let mut ids = Vec::new();
    if let Some(calls) = message.get("tool_calls")? {
        let items = calls.items()?;
        if items.is_empty() {
            return Err(calls.bad("expected an array with minimum length 1, but got an empty array instead"));
        }
        for call in &items {
            // A call is described under the name of its type.
            let kind = call.need("type")?.one_of(&["function", "custom"])?;
            let description = call.need(kind)?;
            let id = call.need("id")?;
            if id.str()?.len() > 40 {
                return Err(id.bad("expected a string with maximum length 40"));
            }
            ids.push(id.str()?.to_owned());
            description.need("name")?.str()?;
            let input = description.need(if kind == "function" { "arguments" } else { "input" })?;
            asked.prompt_tokens += 1 + tokens(input.str()?);
        }
    }
    if let Some(refusal) = message.get("refusal")? {
        asked.prompt_tokens += tokens(refusal.str()?);
    }
    match message.get("content")? {
        Some(content) => {
            asked.prefilled = read_content(&content, &["text", "refusal"])?.1;
            asked.prompt_tokens += asked.prefilled;
        }
        None if ids.is_empty() && message.get("refusal")?.is_none() => {
            return Err(message.need("content").map_or_else(
                |_| message.bad("expected 'content' or 'tool_calls'"),
                |content| content.bad("expected a string or an array"),
            ));
        }
        None => {}
    }
    Ok(ids)
}

/// A content's text and tokens.
fn read_content(content: &Field<'_>, known: &[&str]) -> Result<(String, u64), Wrong> {
    if let Some(text) = content.value().as_str() {
        return Ok((text.to_owned(), tokens(text)));
    }
    let parts = content.items()?;
    if parts.is_empty() {
        return Err(content.bad("expected an array with minimum length 1, but got an empty array instead"));
    }
    let mut texts = Vec::new();
    let mut count = 0;
    for part in &parts {
        match part.need("type")?.one_of(known)? {
            kind @ ("text" | "refusal") => {
                let text = part.need(kind)?.str()?;
                count += tokens(text);
                texts.push(text);
            }
            kind => {
                read_attachment(kind, &part.need(kind)?)?;
                count += TOKENS_PER_ATTACHMENT;
            }
        }
    }
    Ok((texts.join("\n"), count))
}

fn read_attachment(kind: &str, attachment: &Field<'_>) -> Result<(), Wrong> {
    match kind {
        "image_url" => {
            let url = attachment.need("url")?;
            if !["https://", "http://", "data:image/"]
                .iter()
                .any(|scheme| url.value().as_str().is_some_and(|url| url.starts_with(scheme)))
            {
                url.str()?;
                return Err(url.bad("expected a URL with http, https, or a base64-encoded data URL of an image"));
            }
            if let Some(detail) = attachment.get("detail")? {
                detail.one_of(&["auto", "low", "high", "original"])?;
            }
        }
        "input_audio" => {
            attachment.need("data")?.str()?;
            attachment.need("format")?.one_of(&["wav", "mp3"])?;
        }
        _ if attachment.get("file_id")?.is_none() => {
            attachment.need("file_data")?.str()?;
            attachment.need("filename")?.str()?;
        }
        _ => {}
    }
    Ok(())
}
