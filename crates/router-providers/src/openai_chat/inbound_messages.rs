//! The messages of a caller's request as turns.

use router_core::conversation::{Content, Message, Part, Role, ToolCall};
use serde_json::Value;

use super::inbound_content::{cache_mark, content};
use crate::fields::{Fields, Path, list};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// Reads all messages.
pub(super) fn messages(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Message>, RequestError> {
    let values = list(value, at)?;
    if values.is_empty() {
        return Err(at.wrong("must not be empty"));
    }
    let mut reader = Reader { losses, called_function: None };
    values.into_iter().enumerate().map(|(index, value)| reader.message(value, index, &at.index(index))).collect()
}

struct Reader<'l> {
    losses: &'l mut Losses,
    /// The id given to the last call in the older form, which has none: its result names the function alone.
    called_function: Option<String>,
}

impl Reader<'_> {
    fn message(&mut self, value: Value, index: usize, at: &Path<'_>) -> Result<Message, RequestError> {
        let mut fields = Fields::of(value, at)?;
        let mark = fields.take("cache_control");
        let role = fields.required_string("role")?;
        let (role, mut parts) = match role.as_str() {
            "system" | "developer" => (Role::System, self.said(&mut fields, at)?),
            "user" => (Role::User, self.said(&mut fields, at)?),
            "assistant" => (Role::Assistant, self.assistant(&mut fields, index, at)?),
            "tool" => {
                let id = fields.required_string("tool_call_id")?;
                (Role::Tool, self.result(id, &mut fields, at)?)
            }
            "function" => {
                // Its name is that of the function, which the call already says.
                fields.take("name");
                let id = self.called_function.clone().unwrap_or_else(|| function_id(index));
                (Role::Tool, self.result(id, &mut fields, at)?)
            }
            _ => {
                let why = "must be one of developer, system, user, assistant, tool and function";
                return Err(at.field("role").wrong(why));
            }
        };
        if let (Some(mark), Some(last)) = (mark, parts.last_mut()) {
            last.cache = last.cache.or(cache_mark(Some(&mark), None));
        }
        for name in fields.rest() {
            self.losses.unknown(listed!("messages.*"), name);
        }
        Ok(Message { role, parts })
    }

    fn said(&mut self, fields: &mut Fields<'_>, at: &Path<'_>) -> Result<Vec<Part>, RequestError> {
        content(fields.required("content")?, &at.field("content"), self.losses)
    }

    fn result(&mut self, id: String, fields: &mut Fields<'_>, at: &Path<'_>) -> Result<Vec<Part>, RequestError> {
        let parts = self.said(fields, at)?;
        Ok(vec![Content::ToolResult { call_id: id, parts, is_error: false }.into()])
    }

    /// Reasoning, then text, then tool calls: the order in which models write them.
    fn assistant(&mut self, fields: &mut Fields<'_>, index: usize, at: &Path<'_>) -> Result<Vec<Part>, RequestError> {
        let mut parts = self.reasoning(fields)?;
        if let Some(said) = fields.take("content") {
            parts.extend(content(said, &at.field("content"), self.losses)?);
        }
        let refusal = fields.string("refusal")?.filter(|words| !words.is_empty());
        parts.extend(refusal.map(|words| Part::from(Content::Refusal(words))));
        if fields.take("audio").is_some() {
            self.losses.essential(listed!("messages.audio"));
        }
        let calls = at.field("tool_calls");
        for (place, call) in fields.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
            parts.extend(self.tool_call(call, &calls.index(place))?);
        }
        if let Some(call) = fields.take("function_call") {
            let id = function_id(index);
            parts.push(called(call, id.clone(), &at.field("function_call"))?);
            self.called_function = Some(id);
        }
        Ok(parts)
    }

    /// What OpenRouter calls `reasoning_details`, else `reasoning_content` or `reasoning`. These are nobody's standard, so what
    /// is not understood is left out rather than refused.
    fn reasoning(&mut self, fields: &mut Fields<'_>) -> Result<Vec<Part>, RequestError> {
        let content = fields.string("reasoning_content")?;
        let short = fields.take("reasoning").and_then(|value| value.as_str().map(str::to_owned));
        let mut text = content.or(short).filter(|text| !text.is_empty());
        let mut parts = Vec::new();
        if let Some(Value::Array(details)) = fields.take("reasoning_details") {
            for detail in details {
                match thought(&detail, &mut text) {
                    Some(thought) => parts.push(thought.into()),
                    None => self.losses.minor(listed!("messages.reasoning_details")),
                }
            }
        }
        if parts.is_empty() {
            parts.extend(text.map(|text| Part::from(Content::Reasoning { text, signature: None })));
        }
        Ok(parts)
    }

    fn tool_call(&mut self, value: Value, at: &Path<'_>) -> Result<Option<Part>, RequestError> {
        let mut fields = Fields::of(value, at)?;
        match fields.string("type")? {
            Some(kind) if kind != "function" => {
                self.losses.essential(listed!("messages.tool_calls.type"));
                Ok(None)
            }
            _ => {
                let id = fields.required_string("id")?;
                called(fields.required("function")?, id, &at.field("function")).map(Some)
            }
        }
    }
}

fn function_id(index: usize) -> String {
    format!("call_function_{index}")
}

fn called(value: Value, id: String, at: &Path<'_>) -> Result<Part, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let name = fields.required_string("name")?;
    let arguments = fields.required_string("arguments")?;
    Ok(Content::ToolCall(ToolCall { id, name, arguments }).into())
}

/// One entry of `reasoning_details`. A signature whose text stands beside the list belongs to that text.
fn thought(detail: &Value, beside: &mut Option<String>) -> Option<Content> {
    let of = |name: &str| detail.get(name).and_then(Value::as_str);
    if let Some(data) = of("data") {
        return Some(Content::RedactedReasoning(data.to_owned()));
    }
    let signature = of("signature").map(str::to_owned);
    let text = of("text").or(of("summary")).unwrap_or_default();
    match (text.is_empty(), signature) {
        (true, None) => None,
        (true, signature) => Some(Content::Reasoning { text: beside.take().unwrap_or_default(), signature }),
        (false, signature) => Some(Content::Reasoning { text: text.to_owned(), signature }),
    }
}
