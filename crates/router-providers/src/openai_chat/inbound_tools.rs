//! The tools of a caller's request, the choice among them, and the shape of the answer.

use router_core::conversation::{ResponseFormat, Tool, ToolChoice};
use serde_json::Value;

use super::inbound_content::cache_mark;
use crate::fields::{Fields, Path, list, string};
use crate::loss_table::{Listed, listed};
use crate::losses::Losses;
use crate::request_error::RequestError;

/// Tools and which to call.
pub(super) struct Tools {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: ToolChoice,
}

/// Reads the tools and the choice.
pub(super) fn tools(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Tools, RequestError> {
    let mut read = Reader { tools: Vec::new(), unread: false, losses };
    if let Some(tools) = fields.list("tools")? {
        let path = Path::BODY.field("tools");
        for (at, value) in tools.into_iter().enumerate() {
            read.tool(value, &path.index(at))?;
        }
    }
    read.functions(fields)?;
    let asked = fields.take("tool_choice");
    let path = Path::BODY.field("tool_choice");
    let choice = asked.map_or(Ok(None), |asked| read.choice(asked, &path))?;
    let older = read.older_choice(fields)?;
    let choice = choice.or(older).unwrap_or_default();
    let there = match &choice {
        ToolChoice::Auto | ToolChoice::None => true,
        ToolChoice::Required => !read.tools.is_empty(),
        ToolChoice::Named(name) => read.tools.iter().any(|tool| tool.name == *name),
    };
    match there {
        true => Ok(Tools { tools: read.tools, choice }),
        // What is to be called may be among the tools that only the caller's dialect knows.
        false if read.unread => Ok(Tools { tools: read.tools, choice: ToolChoice::Auto }),
        false => Err(path.wrong("asks for a tool that is not in 'tools'")),
    }
}

struct Reader<'l> {
    tools: Vec<Tool>,
    /// Whether there are tools that a conversation has no place for.
    unread: bool,
    losses: &'l mut Losses,
}

impl Reader<'_> {
    fn tool(&mut self, value: Value, at: &Path<'_>) -> Result<(), RequestError> {
        let mut fields = Fields::of(value, at)?;
        let kind = fields.required_string("type")?;
        if kind != "function" {
            self.unread = true;
            self.losses.essential(if kind == "custom" { listed!("tools.custom") } else { listed!("tools.type") });
            return Ok(());
        }
        let mark = fields.take("cache_control");
        let function = fields.required("function")?;
        let mut tool = self.function(function, &at.field("function"))?;
        tool.cache = tool.cache.or(cache_mark(mark.as_ref(), None));
        self.tools.push(tool);
        self.unknown(&fields, listed!("tools.*"));
        Ok(())
    }

    fn function(&mut self, value: Value, at: &Path<'_>) -> Result<Tool, RequestError> {
        let mut fields = Fields::of(value, at)?;
        let name = fields.required_string("name")?;
        if name.is_empty() {
            return Err(at.field("name").wrong("must not be empty"));
        }
        let parameters = fields.take("parameters").unwrap_or_default();
        if !(parameters.is_object() || parameters.is_null()) {
            return Err(at.field("parameters").not("an object", &parameters));
        }
        let mark = fields.take("cache_control");
        let tool = Tool {
            name,
            description: fields.string("description")?,
            parameters,
            strict: fields.boolean("strict")?,
            cache: cache_mark(mark.as_ref(), None),
        };
        self.unknown(&fields, listed!("tools.function.*"));
        Ok(tool)
    }

    fn unknown(&mut self, fields: &Fields<'_>, place: Listed) {
        for name in fields.rest() {
            self.losses.unknown(place, name);
        }
    }

    /// Tools by their older name. Who uses it expects the answer in the same words, which only the dialect itself has.
    fn functions(&mut self, fields: &mut Fields<'_>) -> Result<(), RequestError> {
        let path = Path::BODY.field("functions");
        let functions = fields.list("functions")?.unwrap_or_default();
        if !functions.is_empty() {
            self.losses.essential(listed!("functions"));
        }
        for (at, value) in functions.into_iter().enumerate() {
            let tool = self.function(value, &path.index(at))?;
            self.tools.push(tool);
        }
        Ok(())
    }

    fn older_choice(&mut self, fields: &mut Fields<'_>) -> Result<Option<ToolChoice>, RequestError> {
        let path = Path::BODY.field("function_call");
        match fields.take("function_call") {
            None => Ok(None),
            Some(Value::String(mode)) => mode_of(&mode, &path).map(Some),
            Some(named) => Ok(Some(ToolChoice::Named(Fields::of(named, &path)?.required_string("name")?))),
        }
    }

    fn choice(&mut self, asked: Value, at: &Path<'_>) -> Result<Option<ToolChoice>, RequestError> {
        if let Value::String(mode) = &asked {
            return mode_of(mode, at).map(Some);
        }
        if !asked.is_object() {
            return Err(at.not("a string or an object", &asked));
        }
        let mut fields = Fields::of(asked, at)?;
        match fields.required_string("type")?.as_str() {
            "function" => {
                let function = fields.required("function")?;
                Ok(Some(ToolChoice::Named(Fields::of(function, &at.field("function"))?.required_string("name")?)))
            }
            "allowed_tools" => self.allowed(fields.required("allowed_tools")?, &at.field("allowed_tools")).map(Some),
            _ => {
                self.unread = true;
                self.losses.essential(listed!("tool_choice"));
                Ok(None)
            }
        }
    }

    /// A choice among some of the tools: the others are as good as not there.
    fn allowed(&mut self, value: Value, at: &Path<'_>) -> Result<ToolChoice, RequestError> {
        let mut fields = Fields::of(value, at)?;
        let choice = mode_of(&fields.required_string("mode")?, &at.field("mode"))?;
        let path = at.field("tools");
        let mut names = Vec::new();
        for (index, value) in list(fields.required("tools")?, &path)?.into_iter().enumerate() {
            let place = path.index(index);
            let mut tool = Fields::of(value, &place)?;
            match tool.take("function") {
                Some(function) => names.push(Fields::of(function, &place.field("function"))?.required_string("name")?),
                None => {
                    self.unread = true;
                    self.losses.essential(listed!("tool_choice.allowed_tools.tools"));
                }
            }
        }
        let names: std::collections::HashSet<_> = names.into_iter().collect();
        self.tools.retain(|tool| names.contains(&tool.name));
        Ok(choice)
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

/// The shape of the answer; `None` is text.
pub(super) fn response_format(
    fields: &mut Fields<'_>,
    losses: &mut Losses,
) -> Result<Option<ResponseFormat>, RequestError> {
    let path = Path::BODY.field("response_format");
    let Some(format) = fields.take("response_format") else { return Ok(None) };
    let mut fields = Fields::of(format, &path)?;
    match fields.required_string("type")?.as_str() {
        "text" => Ok(None),
        "json_object" => {
            for name in fields.rest() {
                losses.unknown(listed!("response_format.*"), name);
            }
            Ok(Some(ResponseFormat::JsonObject))
        }
        "json_schema" => json_schema(fields.required("json_schema")?, &path.field("json_schema"), losses).map(Some),
        _ => {
            // Grammars and regular expressions of servers that have them.
            losses.essential(listed!("response_format"));
            Ok(None)
        }
    }
}

fn json_schema(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<ResponseFormat, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let name = fields.take("name").map(|name| string(name, &at.field("name"))).transpose()?;
    let strict = fields.boolean("strict")?;
    let schema = fields.take("schema").unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if !schema.is_object() {
        return Err(at.field("schema").not("an object", &schema));
    }
    for name in fields.rest() {
        losses.unknown(listed!("response_format.json_schema.*"), name);
    }
    Ok(ResponseFormat::JsonSchema { name, schema, strict })
}
