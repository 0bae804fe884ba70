//! The tools of a caller's request, and the choice among them.

use router_core::conversation::{Tool, ToolChoice};
use serde_json::Value;

use super::inbound_content::cache_mark;
use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// Tools and which to call.
pub(super) struct Tools {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: ToolChoice,
    pub(super) parallel: Option<bool>,
}

/// Reads the tools and the choice.
pub(super) fn tools(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Tools, RequestError> {
    let path = Path::BODY.field("tools");
    let given = fields.list("tools")?.unwrap_or_default();
    let count = given.len();
    let mut tools = Vec::with_capacity(count);
    for (at, value) in given.into_iter().enumerate() {
        tools.extend(tool(value, &path.index(at), losses)?);
    }
    let unread = tools.len() < count;
    let path = Path::BODY.field("tool_choice");
    let (choice, parallel) = match fields.take("tool_choice") {
        Some(asked) => choice(asked, &path)?,
        None => (ToolChoice::Auto, None),
    };
    let there = match &choice {
        ToolChoice::Auto | ToolChoice::None => true,
        ToolChoice::Required => !tools.is_empty(),
        ToolChoice::Named(name) => tools.iter().any(|tool| tool.name == *name),
    };
    match there {
        true => Ok(Tools { tools, choice, parallel }),
        // What is to be called may be among the tools that only Anthropic knows.
        false if unread => Ok(Tools { tools, choice: ToolChoice::Auto, parallel }),
        false => Err(path.wrong("asks for a tool that is not in 'tools'")),
    }
}

/// One tool; `None` for one whose schema only Anthropic knows, or that it runs itself.
fn tool(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<Tool>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    if fields.string("type")?.is_some_and(|kind| kind != "custom") {
        losses.essential(listed!("tools.type"));
        return Ok(None);
    }
    let name = fields.required_string("name")?;
    if name.is_empty() {
        return Err(at.field("name").wrong("must not be empty"));
    }
    let parameters = fields.required("input_schema")?;
    if !parameters.is_object() {
        return Err(at.field("input_schema").not("an object", &parameters));
    }
    let mark = fields.take("cache_control");
    let (description, strict) = (fields.string("description")?, fields.boolean("strict")?);
    // How the arguments are streamed is no matter of what they say.
    fields.take("eager_input_streaming");
    for name in fields.rest() {
        losses.unknown(listed!("tools.*"), name);
    }
    Ok(Some(Tool { name, description, parameters, strict, cache: cache_mark(mark.as_ref()) }))
}

fn choice(asked: Value, at: &Path<'_>) -> Result<(ToolChoice, Option<bool>), RequestError> {
    let mut fields = Fields::of(asked, at)?;
    let choice = match fields.required_string("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(fields.required_string("name")?),
        _ => return Err(at.field("type").wrong("must be one of auto, any, tool and none")),
    };
    let parallel = fields.boolean("disable_parallel_tool_use")?.map(|disabled| !disabled);
    Ok((choice, parallel))
}
