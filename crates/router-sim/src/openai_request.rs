//! The checks of a chat completion, OpenAI's own and OpenRouter's.

use serde_json::{Value, json};

use crate::asked::{Asked, Format, Streamed, Tool, ToolChoice, choice_is_offered, tokens, tool_name, unique_names};
use crate::field::Field;
use crate::openai_messages;
use crate::problem::{How, Wrong};
use crate::refuses::Refuses;
use crate::strict_schema;
use crate::wire::Wire;

/// Every field OpenAI knows; others are refused, as the API does. OpenRouter takes any.
const KNOWN: [&str; 37] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Checks a body; the error is what the API would say.
pub(crate) fn read(wire: Wire, refuses: &[Refuses], body: &Value) -> Result<Asked, Wrong> {
    let root = Field::root(body);
    if wire == Wire::OpenAi {
        root.only(&KNOWN)?;
    }
    let mut asked = Asked { choices: 1, ..Asked::default() };
    let messages = root.need("messages")?;
    openai_messages::read(&messages, &mut asked)?;
    read_prefill(&messages, refuses)?;
    read_numbers(&root, &mut asked)?;
    read_words(&root)?;
    read_model_rules(&root, refuses)?;
    read_stop(&root, &mut asked)?;
    asked.streamed = read_stream(wire, &root)?;
    read_tools(&root, &mut asked)?;
    if let Some(format) = root.get("response_format")? {
        asked.format = read_format(&format, &messages)?;
    }
    Ok(asked)
}

/// OpenAI's models take a last assistant message as one more turn; `Refuses::Prefill` is for tests of those that don't.
fn read_prefill(messages: &Field<'_>, refuses: &[Refuses]) -> Result<(), Wrong> {
    match messages.items()?.last() {
        Some(last) if refuses.contains(&Refuses::Prefill) && last.need("role")?.str()? == "assistant" => {
            Err(last.need("role")?.wrong(How::UnsupportedValue("'assistant' as the last message".to_owned())))
        }
        _ => Ok(()),
    }
}

fn read_numbers(root: &Field<'_>, asked: &mut Asked) -> Result<(), Wrong> {
    for name in ["max_tokens", "max_completion_tokens"] {
        if let Some(limit) = root.get(name)? {
            if asked.max_tokens.is_some() {
                return Err(limit.bad("max_tokens and max_completion_tokens cannot both be set"));
            }
            asked.max_tokens = Some(limit.integer_from(1)?);
        }
    }
    if let Some(choices) = root.get("n")? {
        asked.choices = choices.integer_from(1)?;
        if asked.choices > 128 {
            return Err(choices.bad("expected a value <= 128"));
        }
    }
    let bounds = [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
        ("top_logprobs", 0.0, 20.0),
    ];
    for (name, least, most) in bounds {
        if let Some(number) = root.get(name)? {
            number.number_within(least, most)?;
        }
    }
    Ok(())
}

fn read_words(root: &Field<'_>) -> Result<(), Wrong> {
    let lists: [(&str, &[&str]); 3] = [
        ("reasoning_effort", &["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
        ("verbosity", &["low", "medium", "high"]),
        ("service_tier", &["auto", "default", "flex", "priority", "fast", "scale"]),
    ];
    for (name, known) in lists {
        if let Some(word) = root.get(name)? {
            word.one_of(known)?;
        }
    }
    for name in ["store", "logprobs", "parallel_tool_calls"] {
        if let Some(flag) = root.get(name)? {
            flag.bool()?;
        }
    }
    for name in ["user", "safety_identifier", "prompt_cache_key"] {
        if let Some(text) = root.get(name)? {
            text.str()?;
        }
    }
    if let Some(metadata) = root.get("metadata")? {
        if metadata.object()?.len() > 16 {
            return Err(metadata.bad("expected an object with at most 16 properties"));
        }
        for (key, value) in metadata.object()? {
            if key.chars().count() > 64 || value.as_str().is_none_or(|value| value.chars().count() > 512) {
                return Err(metadata.bad("expected keys of at most 64 and strings of at most 512 characters"));
            }
        }
    }
    Ok(())
}

fn read_model_rules(root: &Field<'_>, refuses: &[Refuses]) -> Result<(), Wrong> {
    let effort = root.get("reasoning_effort")?.and_then(|effort| effort.value().as_str());
    if refuses.contains(&Refuses::MaxTokens)
        && let Some(limit) = root.get("max_tokens")?
    {
        return Err(limit.wrong(How::Unsupported { instead: Some("max_completion_tokens") }));
    }
    if refuses.contains(&Refuses::Sampling) && effort != Some("none") {
        for name in ["temperature", "top_p"] {
            if let Some(number) = root.get(name)?
                && number.value().as_f64() != Some(1.0)
            {
                return Err(number.wrong(How::UnsupportedValue(number.value().to_string())));
            }
        }
    }
    if refuses.contains(&Refuses::Stop)
        && let Some(stop) = root.get("stop")?
    {
        return Err(stop.wrong(How::Unsupported { instead: None }));
    }
    if refuses.contains(&Refuses::MinimalEffort) && effort == Some("minimal") {
        return Err(root.need("reasoning_effort")?.wrong(How::UnsupportedValue("'minimal'".to_owned())));
    }
    Ok(())
}

fn read_stream(wire: Wire, root: &Field<'_>) -> Result<Option<Streamed>, Wrong> {
    let options = root.get("stream_options")?;
    if !root.get("stream")?.map_or(Ok(false), |stream| stream.bool())? {
        return options.map_or(Ok(None), |options| {
            Err(options.bad("The 'stream_options' parameter is only allowed when 'stream' is enabled."))
        });
    }
    // OpenRouter always tells the usage, and never pads.
    let mut streamed = Streamed { usage: wire == Wire::OpenRouter, obfuscation: wire == Wire::OpenAi };
    if let Some(options) = options
        && wire == Wire::OpenAi
    {
        options.only(&["include_usage", "include_obfuscation"])?;
        let flag = |name, default| options.get(name)?.map_or(Ok(default), |flag| flag.bool());
        streamed.usage = flag("include_usage", streamed.usage)?;
        streamed.obfuscation = flag("include_obfuscation", streamed.obfuscation)?;
    }
    Ok(Some(streamed))
}

fn read_stop(root: &Field<'_>, asked: &mut Asked) -> Result<(), Wrong> {
    let Some(stop) = root.get("stop")? else { return Ok(()) };
    if let Some(one) = stop.value().as_str() {
        asked.stop.push(one.to_owned());
        return Ok(());
    }
    for one in stop.items()? {
        asked.stop.push(one.str()?.to_owned());
    }
    if asked.stop.len() > 4 {
        return Err(stop.bad("expected an array with maximum length 4"));
    }
    Ok(())
}

fn read_tools(root: &Field<'_>, asked: &mut Asked) -> Result<(), Wrong> {
    let parallel = root.get("parallel_tool_calls")?;
    let Some(tools) = root.get("tools")? else {
        if let Some(orphan) = root.get("tool_choice")?.or(parallel) {
            return Err(orphan.bad("only allowed when 'tools' are specified"));
        }
        return Ok(());
    };
    let items = tools.items()?;
    if items.is_empty() {
        return Err(tools.bad("expected an array with minimum length 1, but got an empty array instead"));
    }
    for tool in &items {
        // Custom tools take free text; the simulator accepts them and never calls one.
        if tool.need("type")?.one_of(&["function", "custom"])? == "custom" {
            tool_name(&tool.need("custom")?.need("name")?)?;
            continue;
        }
        let function = tool.need("function")?;
        function.only(&["name", "description", "parameters", "strict"])?;
        if let Some(description) = function.get("description")? {
            asked.prompt_tokens += tokens(description.str()?);
        }
        let strict = function.get("strict")?.map_or(Ok(false), |strict| strict.bool())?;
        let schema = match function.get("parameters")? {
            Some(parameters) => {
                parameters.object()?;
                if strict {
                    strict_schema::check(&parameters)?;
                }
                parameters.value().clone()
            }
            None => json!({"type": "object", "properties": {}}),
        };
        asked.prompt_tokens += tokens(&schema.to_string());
        asked.tools.push(Tool { name: tool_name(&function.need("name")?)?, schema });
    }
    unique_names(&tools, &asked.tools)?;
    asked.one_call = parallel.map_or(Ok(true), |parallel| parallel.bool()).map(|parallel| !parallel)?;
    if let Some(choice) = root.get("tool_choice")? {
        asked.tool_choice = read_choice(&choice)?;
        choice_is_offered(&choice, &asked.tool_choice, &asked.tools)?;
    }
    Ok(())
}

fn read_choice(choice: &Field<'_>) -> Result<ToolChoice, Wrong> {
    if choice.value().is_string() {
        return Ok(match choice.one_of(&["none", "auto", "required"])? {
            "none" => ToolChoice::None,
            "required" => ToolChoice::Any,
            _ => ToolChoice::Auto,
        });
    }
    match choice.need("type")?.one_of(&["function", "custom", "allowed_tools"])? {
        "function" => Ok(ToolChoice::Named(choice.need("function")?.need("name")?.str()?.to_owned())),
        "custom" => Ok(ToolChoice::Auto),
        _ => match choice.need("allowed_tools")?.need("mode")?.one_of(&["auto", "required"])? {
            "required" => Ok(ToolChoice::Any),
            _ => Ok(ToolChoice::Auto),
        },
    }
}

fn read_format(format: &Field<'_>, messages: &Field<'_>) -> Result<Format, Wrong> {
    match format.need("type")?.one_of(&["text", "json_object", "json_schema"])? {
        "json_schema" => {
            let named = format.need("json_schema")?;
            named.only(&["name", "description", "schema", "strict"])?;
            tool_name(&named.need("name")?)?;
            let schema = named.need("schema")?;
            schema.object()?;
            if named.get("strict")?.map_or(Ok(false), |strict| strict.bool())? {
                strict_schema::check(&schema)?;
            }
            Ok(Format::Schema(schema.value().clone()))
        }
        "json_object" => {
            if !messages.value().to_string().to_lowercase().contains("json") {
                return Err(messages.bad(
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                     'json_object'.",
                ));
            }
            Ok(Format::JsonObject)
        }
        _ => Ok(Format::Text),
    }
}
