//! The tools of a caller's request, and the choice among them.

use std::collections::HashSet;

use router_core::conversation::{Tool, ToolChoice};
use serde_json::Value;

use crate::fields::{Fields, Path, list};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// Tools and which to call.
pub(super) struct Tools {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: ToolChoice,
}

/// Reads the tools and the choice.
pub(super) fn tools(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Tools, RequestError> {
    let path = Path::BODY.field("tools");
    let mut tools = Vec::new();
    let mut unread = false;
    for (at, value) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        match tool(value, &path.index(at), losses)? {
            Some(tool) => tools.push(tool),
            None => unread = true,
        }
    }
    let path = Path::BODY.field("tool_choice");
    let choice = match fields.take("tool_choice") {
        None => ToolChoice::Auto,
        Some(asked) => choice(asked, &mut tools, &mut unread, &path, losses)?,
    };
    let there = match &choice {
        ToolChoice::Auto | ToolChoice::None => true,
        ToolChoice::Required => !tools.is_empty(),
        ToolChoice::Named(name) => tools.iter().any(|tool| tool.name == *name),
    };
    match there {
        true => Ok(Tools { tools, choice }),
        // What is to be called may be among the tools that only OpenAI knows.
        false if unread => Ok(Tools { tools, choice: ToolChoice::Auto }),
        false => Err(path.wrong("asks for a tool that is not in 'tools'")),
    }
}

/// One tool; `None` for one that OpenAI runs, or that takes no JSON.
fn tool(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Tool>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    if fields.required_string("type")? != "function" {
        losses.essential(listed!("tools.type"));
        return Ok(None);
    }
    let name = fields.required_string("name")?;
    if name.is_empty() {
        return Err(at.field("name").wrong("must not be empty"));
    }
    let parameters = fields.take("parameters").unwrap_or_default();
    if !(parameters.is_object() || parameters.is_null()) {
        return Err(at.field("parameters").not("an object", &parameters));
    }
    let (description, strict) = (fields.string("description")?, fields.boolean("strict")?);
    for name in fields.rest() {
        losses.unknown(listed!("tools.*"), name);
    }
    Ok(Some(Tool { name, description, parameters, strict, cache: None }))
}

fn choice(
    asked: Value,
    tools: &mut Vec<Tool>,
    unread: &mut bool,
    at: &Path<'_>,
    losses: &mut Losses,
) -> Result<ToolChoice, RequestError> {
    if let Value::String(mode) = &asked {
        return mode_of(mode, at);
    }
    if !asked.is_object() {
        return Err(at.not("a string or an object", &asked));
    }
    let mut fields = Fields::of(asked, at)?;
    match fields.required_string("type")?.as_str() {
        "function" => Ok(ToolChoice::Named(fields.required_string("name")?)),
        // A choice among some of the tools: the others are as good as not there.
        "allowed_tools" => {
            let path = at.field("tools");
            let allowed = list(fields.required("tools")?, &path)?;
            let names: HashSet<&str> = allowed.iter().filter_map(|tool| tool["name"].as_str()).collect();
            tools.retain(|tool| names.contains(tool.name.as_str()));
            mode_of(&fields.required_string("mode")?, &at.field("mode"))
        }
        _ => {
            *unread = true;
            losses.essential(listed!("tool_choice"));
            Ok(ToolChoice::Auto)
        }
    }
}

fn mode_of(mode: &str, at: &Path<'_>) -> Result<ToolChoice, RequestError> {
    match mode {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => Err(at.wrong("must be one of none, auto and required")),
    }
}
