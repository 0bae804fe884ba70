//! What the caller sends, in no provider's words. Every wire format decodes to this and encodes from it.

use serde::{Deserialize, Serialize};

use crate::capability::{Capabilities, Capability};
use crate::usage::Tokens;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// The operator's instructions (`developer` in newer OpenAI models).
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's results, answering the assistant's calls.
    Tool,
}

/// How long the provider should keep the prompt up to here in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheMark {
    /// The provider's default time.
    Default,
    /// An hour or longer.
    Long,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What they say, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A turn of plain text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::text(text)] }
    }
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// A prompt-cache marker after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheMark>,
}

impl Part {
    /// Plain text without a cache marker.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text(text.into()).into()
    }
}

/// What a reader of an answer sees: its text, without reasoning and tool calls.
#[must_use]
pub fn visible_text(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match &part.content {
        Content::Text(text) | Content::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        Self { content, cache: None }
    }
}

/// Where the bytes of an image or a document are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The provider fetches it.
    Url(String),
    /// In the request.
    Base64 {
        /// `image/png`, `application/pdf`.
        media_type: String,
        /// The bytes, base64.
        data: String,
    },
}

/// The kinds of content a turn can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text(String),
    /// A picture.
    Image {
        /// Its bytes.
        source: Source,
        /// OpenAI's resolution hint: `auto`, `low`, `high`, `original`.
        detail: Option<String>,
    },
    /// A document (PDF).
    Document {
        /// Its bytes.
        source: Source,
        /// Its file name or title.
        name: Option<String>,
    },
    /// The assistant asks for a tool.
    ToolCall(ToolCall),
    /// What the tool said.
    ToolResult {
        /// The [`ToolCall::id`] it answers.
        call_id: String,
        /// Text and images.
        parts: Vec<Part>,
        /// The tool failed.
        is_error: bool,
    },
    /// The assistant's reasoning, to be handed back unchanged to the model that wrote it.
    Reasoning {
        /// The readable part; may be empty when the provider hides it.
        text: String,
        /// The provider's signature over it, bound to model and conversation.
        signature: Option<String>,
    },
    /// Reasoning that the provider encrypted whole.
    RedactedReasoning(String),
    /// The assistant declined, in its own words.
    Refusal(String),
}

/// The assistant asks for a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Pairs the call with its result.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments: JSON as the model wrote it. Kept as text, because reordering keys would miss prompt caches.
    pub arguments: String,
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `[a-zA-Z0-9_-]{1,64}`.
    pub name: String,
    /// When and how to use it.
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    pub parameters: serde_json::Value,
    /// The model must keep to the schema.
    pub strict: Option<bool>,
    /// A prompt-cache marker after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheMark>,
}

/// Whether the model must call a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Named(String),
}

/// The shape of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that keeps to a schema.
    JsonSchema {
        /// The schema's name, where the dialect has one.
        name: Option<String>,
        /// The schema.
        schema: serde_json::Value,
        /// The model must keep to it exactly.
        strict: Option<bool>,
    },
}

/// How hard the model should think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    Xhigh,
    /// As much as possible.
    Max,
}

/// How the next token is drawn. Newer models refuse all of these.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 is the likeliest token, 1 the model's own distribution, up to 2 at OpenAI.
    pub temperature: Option<f32>,
    /// Only the likeliest tokens that sum to this probability.
    pub top_p: Option<f32>,
    /// Only this many of the likeliest tokens.
    pub top_k: Option<u32>,
}

impl Sampling {
    /// Whether the caller set any of them.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// A whole request for an answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Conversation {
    /// The turns, oldest first; system turns stand where the caller put them.
    pub messages: Vec<Message>,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must.
    pub tool_choice: ToolChoice,
    /// Whether it may call several at once; `None` is the provider's default (yes).
    pub parallel_tool_calls: Option<bool>,
    /// The shape of the answer; `None` is text.
    pub response_format: Option<ResponseFormat>,
    /// How hard to think; `None` is the model's default.
    pub effort: Option<Effort>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The longest answer, reasoning included; `None` is the model's own limit.
    pub max_output: Option<Tokens>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// An opaque name of the end user, for the provider's abuse detection.
    pub user: Option<String>,
}

impl Conversation {
    /// One user turn.
    #[must_use]
    pub fn prompt(text: impl Into<String>) -> Self {
        Self { messages: vec![Message::text(Role::User, text)], ..Self::default() }
    }

    /// The text the model is asked to act on: the last user turn.
    pub fn last_user_text(&self) -> impl Iterator<Item = &str> {
        let turn = self.messages.iter().rev().find(|message| message.role == Role::User);
        turn.into_iter().flat_map(|message| &message.parts).filter_map(|part| match &part.content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What a model must be able to do to take this conversation as it is.
    #[must_use]
    pub fn needs(&self) -> Capabilities {
        let mut needs = Capabilities::default();
        if !self.tools.is_empty() {
            needs = needs.with(Capability::Tools);
            if matches!(self.tool_choice, ToolChoice::Required | ToolChoice::Named(_)) {
                needs = needs.with(Capability::ForcedTools);
            }
        }
        if matches!(self.response_format, Some(ResponseFormat::JsonSchema { .. })) {
            needs = needs.with(Capability::JsonSchema);
        }
        if self.messages.last().is_some_and(|last| last.role == Role::Assistant) {
            needs = needs.with(Capability::Prefill);
        }
        for part in self.messages.iter().flat_map(|message| &message.parts) {
            needs = part.needs(needs);
        }
        needs
    }
}

impl Part {
    fn needs(&self, known: Capabilities) -> Capabilities {
        match &self.content {
            Content::Image { .. } => known.with(Capability::Vision),
            Content::Document { .. } => known.with(Capability::Pdf),
            Content::ToolCall(_) => known.with(Capability::Tools),
            Content::ToolResult { parts, .. } => {
                parts.iter().fold(known.with(Capability::Tools), |known, part| part.needs(known))
            }
            _ => known,
        }
    }
}
