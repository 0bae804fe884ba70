//! The checks of a Messages request.

use serde_json::Value;

use crate::anthropic_messages;
use crate::asked::{Asked, Format, Streamed, Tool, ToolChoice, choice_is_offered, tokens, tool_name, unique_names};
use crate::field::Field;
use crate::problem::{How, Wrong};
use crate::refuses::Refuses;

/// From this version on the sampling parameters are gone from the API, whatever the model.
const WITHOUT_SAMPLING: &str = "2026-10-21";

/// The versions the API knows.
const VERSIONS: [&str; 2] = ["2023-06-01", WITHOUT_SAMPLING];

/// Every field the API knows; others are refused.
const KNOWN: [&str; 21] = [
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
];

/// Checks a body under a version of the API; the error is what the API would say.
pub(crate) fn read(version: Option<&str>, refuses: &[Refuses], body: &Value) -> Result<Asked, Wrong> {
    let version = check_version(version)?;
    let root = Field::root(body);
    root.only(&KNOWN)?;
    let mut asked = Asked { choices: 1, ..Asked::default() };
    let limit = root.need("max_tokens")?;
    asked.max_tokens = Some(limit.integer_from(0)?);
    let messages = root.need("messages")?;
    anthropic_messages::read(&messages, refuses, &mut asked)?;
    if let Some(system) = root.get("system")? {
        asked.prompt_tokens += anthropic_messages::read_texts(&system)?;
    }
    read_sampling(&root, version, refuses)?;
    read_thinking(&root, refuses, asked.max_tokens.unwrap_or_default())?;
    read_output(&root, &mut asked)?;
    for sequence in root.get("stop_sequences")?.map_or(Ok(Vec::new()), |stop| stop.items())? {
        if sequence.str()?.trim().is_empty() {
            return Err(sequence.bad("each stop sequence must contain non-whitespace"));
        }
        asked.stop.push(sequence.str()?.to_owned());
    }
    read_tools(&root, refuses, &mut asked)?;
    if let Some(stream) = root.get("stream")? {
        asked.streamed = stream.bool()?.then_some(Streamed { usage: true, obfuscation: false });
    }
    if let Some(metadata) = root.get("metadata")? {
        metadata.only(&["user_id"])?;
    }
    if let Some(tier) = root.get("service_tier")? {
        tier.one_of(&["auto", "standard_only"])?;
    }
    Ok(asked)
}

fn check_version(version: Option<&str>) -> Result<&str, Wrong> {
    let wrong = |how| Wrong { path: "anthropic-version".to_owned(), how };
    let version = version.ok_or_else(|| wrong(How::Value("header is required".to_owned())))?;
    if VERSIONS.contains(&version) {
        Ok(version)
    } else {
        Err(wrong(How::Value(format!("\"{version}\" is not a valid version"))))
    }
}

fn read_sampling(root: &Field<'_>, version: &str, refuses: &[Refuses]) -> Result<(), Wrong> {
    for name in ["temperature", "top_p", "top_k"] {
        let Some(number) = root.get(name)? else { continue };
        // Even at their defaults.
        if version == WITHOUT_SAMPLING || refuses.contains(&Refuses::Sampling) {
            return Err(number.wrong(How::Unknown));
        }
        if name == "top_k" {
            number.integer_from(0)?;
        } else {
            number.number_within(0.0, 1.0)?;
        }
    }
    match (root.get("temperature")?, root.get("top_p")?) {
        (Some(temperature), Some(_)) => {
            Err(temperature.bad("`temperature` and `top_p` cannot both be specified for this model. Use only one."))
        }
        _ => Ok(()),
    }
}

fn read_thinking(root: &Field<'_>, refuses: &[Refuses], max_tokens: u64) -> Result<(), Wrong> {
    let Some(thinking) = root.get("thinking")? else { return Ok(()) };
    let kind = thinking.need("type")?;
    match kind.one_of(&["enabled", "disabled", "adaptive", "between_tools"])? {
        "enabled" => {
            let budget = thinking.need("budget_tokens")?;
            if refuses.contains(&Refuses::ThinkingBudget) {
                return Err(kind.bad("\"enabled\" is not supported by this model, use \"adaptive\""));
            }
            if budget.integer_from(1024)? >= max_tokens {
                return Err(budget.bad("`max_tokens` must be greater than `thinking.budget_tokens`"));
            }
        }
        "disabled" if refuses.contains(&Refuses::ThinkingDisabled) => {
            return Err(kind.bad("\"disabled\" is not supported by this model"));
        }
        _ => {}
    }
    if let Some(display) = thinking.get("display")? {
        display.one_of(&["summarized", "omitted"])?;
    }
    Ok(())
}

fn read_output(root: &Field<'_>, asked: &mut Asked) -> Result<(), Wrong> {
    let Some(output) = root.get("output_config")? else { return Ok(()) };
    output.only(&["effort", "format"])?;
    if let Some(effort) = output.get("effort")? {
        effort.one_of(&["low", "medium", "high", "xhigh", "max"])?;
    }
    if let Some(format) = output.get("format")? {
        format.only(&["type", "schema"])?;
        format.need("type")?.one_of(&["json_schema"])?;
        let schema = format.need("schema")?;
        schema.object()?;
        asked.format = Format::Schema(schema.value().clone());
    }
    Ok(())
}

fn read_tools(root: &Field<'_>, refuses: &[Refuses], asked: &mut Asked) -> Result<(), Wrong> {
    let tools = root.get("tools")?;
    for tool in tools.as_ref().map_or(Ok(Vec::new()), Field::items)? {
        // Tools that run at the provider have a dated type, and no schema.
        if tool.get("type")?.is_some_and(|kind| kind.value() != "custom") {
            tool.need("name")?.str()?;
            continue;
        }
        let name = tool_name(&tool.need("name")?)?;
        let schema = tool.need("input_schema")?;
        if schema.need("type")?.str()? != "object" {
            return Err(schema.need("type")?.bad("Input should be 'object'"));
        }
        if let Some(description) = tool.get("description")? {
            asked.prompt_tokens += tokens(description.str()?);
        }
        asked.prompt_tokens += tokens(&schema.value().to_string());
        asked.tools.push(Tool { name, schema: schema.value().clone() });
    }
    if let Some(tools) = &tools {
        unique_names(tools, &asked.tools)?;
    }
    let Some(choice) = root.get("tool_choice")? else { return Ok(()) };
    let kind = choice.need("type")?;
    asked.tool_choice = match kind.one_of(&["auto", "any", "tool", "none"])? {
        "any" => ToolChoice::Any,
        "tool" => ToolChoice::Named(choice.need("name")?.str()?.to_owned()),
        "none" => ToolChoice::None,
        _ => ToolChoice::Auto,
    };
    if tools.is_none() && !matches!(asked.tool_choice, ToolChoice::None) {
        return Err(choice.bad("may only be specified while providing `tools`"));
    }
    if refuses.contains(&Refuses::ForcedTools) && matches!(asked.tool_choice, ToolChoice::Any | ToolChoice::Named(_)) {
        return Err(kind.bad("forced tool use is not supported by this model"));
    }
    if let Some(alone) = choice.get("disable_parallel_tool_use")? {
        if matches!(asked.tool_choice, ToolChoice::None) {
            return Err(alone.wrong(How::Unknown));
        }
        asked.one_call = alone.bool()?;
    }
    choice_is_offered(&choice, &asked.tool_choice, &asked.tools)
}
