//! What a request that passed its wire's checks asks for.

use serde_json::Value;

use crate::field::Field;
use crate::problem::Wrong;

/// A checked request, reduced to what the answer depends on.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The text of the last user turn.
    pub(crate) last_user: String,
    /// Whether the conversation ends with the results of tools.
    pub(crate) after_tools: bool,
    /// Everything the model has to read, counted as the simulator counts tokens.
    pub(crate) prompt_tokens: u64,
    pub(crate) tools: Vec<Tool>,
    pub(crate) tool_choice: ToolChoice,
    /// At most one tool call.
    pub(crate) one_call: bool,
    pub(crate) format: Format,
    /// The most tokens of output, hidden thought included.
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stop: Vec<String>,
    /// How many alternative answers (OpenAI's `n`).
    pub(crate) choices: u64,
    /// How many tokens of the answer the caller has put into a last assistant message, to be continued.
    pub(crate) prefilled: u64,
    /// The answer is to come in pieces.
    pub(crate) streamed: Option<Streamed>,
}

/// What a caller can choose of a stream; OpenAI's `stream_options`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streamed {
    /// A last chunk with the usage.
    pub(crate) usage: bool,
    /// Padding that hides how long each token is.
    pub(crate) obfuscation: bool,
}

/// A tool on offer.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// The JSON schema of its arguments.
    pub(crate) schema: Value,
}

/// Whether tools are to be called.
#[derive(Debug, Default)]
pub(crate) enum ToolChoice {
    #[default]
    Auto,
    None,
    Any,
    Named(String),
}

/// The form the text is to have.
#[derive(Debug, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    JsonObject,
    Schema(Value),
}

/// Tokens of a text, as the simulator counts them: its words.
pub(crate) fn tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// What a message costs beyond its words (its role and separators).
pub(crate) const TOKENS_PER_MESSAGE: u64 = 4;

/// What an image, a sound or a file costs: the simulator does not look inside.
pub(crate) const TOKENS_PER_ATTACHMENT: u64 = 85;

/// A tool's name must be one the wires take; both limit it to 64 letters, digits, `_` and `-`.
pub(crate) fn tool_name(field: &Field<'_>) -> Result<String, Wrong> {
    let name = field.str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(field.bad("expected a name that matches '^[a-zA-Z0-9_-]{1,64}$'"));
    }
    Ok(name.to_owned())
}

/// Two tools of one name are refused by both wires.
pub(crate) fn unique_names(field: &Field<'_>, tools: &[Tool]) -> Result<(), Wrong> {
    for (place, tool) in tools.iter().enumerate() {
        if tools[..place].iter().any(|earlier| earlier.name == tool.name) {
            return Err(field.bad(format!("tool names must be unique, '{}' is not", tool.name)));
        }
    }
    Ok(())
}

/// A tool that has to be called must be on offer.
pub(crate) fn choice_is_offered(field: &Field<'_>, choice: &ToolChoice, tools: &[Tool]) -> Result<(), Wrong> {
    match choice {
        ToolChoice::Named(name) if !tools.iter().any(|tool| tool.name == *name) => {
            Err(field.bad(format!("tool '{name}' is not in 'tools'")))
        }
        _ => Ok(()),
    }
}
