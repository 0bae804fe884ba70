//! Prompts as the native API takes them, and what they become.

use std::fmt;

use router_core::conversation::{Content, Conversation, Message, Part, ResponseFormat, Role, Source};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::error::ApiError;
use crate::json::{Object, Word};
use crate::json_value::JsonValue;

/// One turn.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptMessage {
    role: Word<PromptRole>,
    content: PromptContent,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PromptRole {
    /// Instructions of the operator.
    System,
    /// The same, as newer OpenAI clients call it.
    Developer,
    /// The person.
    User,
    /// The model, earlier in the conversation.
    Assistant,
}

/// Text, or a list of parts.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
enum PromptContent {
    Text(String),
    Parts(Vec<Object<PromptPart>>),
}

/// A piece of a turn: text, or an image.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PromptPart {
    r#type: Word<PartType>,
    /// The text of a `text` part.
    text: Option<String>,
    /// The picture of an `image_url` part.
    image_url: Option<Object<ImageUrl>>,
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PartType {
    Text,
    ImageUrl,
}

/// Where a picture is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImageUrl {
    /// `https://…` (the provider fetches it; the router never does) or `data:image/png;base64,…`.
    url: String,
    /// How closely to look.
    detail: Option<Word<Detail>>,
}

/// How closely to look at a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Detail {
    /// As the model finds right.
    Auto,
    /// At a small version.
    Low,
    /// At a large one.
    High,
    /// At the picture as it is.
    Original,
}

impl Detail {
    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::High => "high",
            Self::Original => "original",
        }
    }
}

/// The shape of the answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptFormat {
    r#type: Word<FormatType>,
    /// A name for the schema: 1 to 64 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = "^[a-zA-Z0-9_-]{1,64}$"))]
    name: Option<String>,
    /// The JSON Schema of a `json_schema` answer.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    schema: Option<JsonValue>,
    /// The model must keep to it exactly.
    strict: Option<bool>,
}

/// Kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FormatType {
    /// Plain text, the default.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that keeps to a schema.
    JsonSchema,
}

/// By hand, because serde's "untagged" would forget where in the parts a fault is.
impl<'de> Deserialize<'de> for PromptContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = PromptContent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<PromptContent, E> {
                Ok(PromptContent::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<PromptContent, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(parts)).map(PromptContent::Parts)
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// The conversation of exactly one of `prompt` and `messages`.
pub(crate) fn conversation(
    prompt: Option<String>,
    messages: Option<Vec<Object<PromptMessage>>>,
) -> Result<Conversation, ApiError> {
    match (prompt, messages) {
        (Some(_), Some(_)) => Err(ApiError::invalid("messages", "given beside `prompt`; send one of the two")),
        (None, None) => Err(ApiError::invalid("prompt", "missing; send `prompt` or `messages`")),
        (Some(prompt), None) if prompt.trim().is_empty() => Err(ApiError::invalid("prompt", "must not be empty")),
        (Some(prompt), None) => Ok(Conversation::prompt(prompt)),
        (None, Some(messages)) => Ok(Conversation { messages: turns(messages)?, ..Conversation::default() }),
    }
}

fn turns(messages: Vec<Object<PromptMessage>>) -> Result<Vec<Message>, ApiError> {
    let Some(last) = messages.len().checked_sub(1) else {
        return Err(ApiError::invalid("messages", "must not be empty"));
    };
    if messages[last].0.role.0 != PromptRole::User {
        return Err(ApiError::invalid(format!("messages[{last}].role"), "the last message must be the user's"));
    }
    messages
        .into_iter()
        .enumerate()
        .map(|(index, Object(message))| turn(message, &format!("messages[{index}].content")))
        .collect()
}

fn turn(message: PromptMessage, path: &str) -> Result<Message, ApiError> {
    let role = match message.role.0 {
        PromptRole::System | PromptRole::Developer => Role::System,
        PromptRole::User => Role::User,
        PromptRole::Assistant => Role::Assistant,
    };
    let parts = match message.content {
        PromptContent::Text(text) if text.trim().is_empty() => {
            return Err(ApiError::invalid(path, "must not be empty"));
        }
        PromptContent::Text(text) => vec![Part::text(text)],
        PromptContent::Parts(parts) if parts.is_empty() => return Err(ApiError::invalid(path, "must not be empty")),
        PromptContent::Parts(parts) => {
            let parts = parts.into_iter().enumerate();
            parts
                .map(|(index, Object(part))| piece(part, role, &format!("{path}[{index}]")))
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Message { role, parts })
}

fn piece(part: PromptPart, role: Role, path: &str) -> Result<Part, ApiError> {
    match (part.r#type.0, part.text, part.image_url) {
        (PartType::Text, Some(text), None) if text.trim().is_empty() => {
            Err(ApiError::invalid(format!("{path}.text"), "must not be empty"))
        }
        (PartType::Text, Some(text), None) => Ok(Part::text(text)),
        (PartType::Text, None, _) => Err(ApiError::invalid(format!("{path}.text"), "missing")),
        (PartType::Text, _, Some(_)) => {
            Err(ApiError::invalid(format!("{path}.image_url"), "does not belong to a text part"))
        }
        (PartType::ImageUrl, None, Some(_)) if role != Role::User => {
            Err(ApiError::invalid(path, "only the user's messages can have images"))
        }
        (PartType::ImageUrl, None, Some(Object(image))) => {
            let source = picture(&image.url).ok_or_else(|| {
                ApiError::invalid(format!("{path}.image_url.url"), "must be https://… or data:image/…;base64,…")
            })?;
            let detail = image.detail.map(|Word(detail)| detail.name().to_owned());
            Ok(Content::Image { source, detail }.into())
        }
        (PartType::ImageUrl, _, None) => Err(ApiError::invalid(format!("{path}.image_url"), "missing")),
        (PartType::ImageUrl, Some(_), _) => {
            Err(ApiError::invalid(format!("{path}.text"), "does not belong to an image part"))
        }
    }
}

fn picture(url: &str) -> Option<Source> {
    if let Some(inline) = url.strip_prefix("data:") {
        let (media_type, data) = inline.split_once(";base64,")?;
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let usable = media_type.starts_with("image/") && !data.is_empty() && data.bytes().all(base64);
        return usable.then(|| Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() });
    }
    let uri: http::Uri = url.parse().ok()?;
    let fetchable = uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty());
    fetchable.then(|| Source::Url(url.to_owned()))
}

/// The format as the core knows it; `None` is text.
pub(crate) fn response_format(format: PromptFormat) -> Result<Option<ResponseFormat>, ApiError> {
    let PromptFormat { r#type: Word(r#type), name, schema, strict } = format;
    if r#type != FormatType::JsonSchema {
        let given = [("schema", schema.is_some()), ("name", name.is_some()), ("strict", strict.is_some())];
        if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(ApiError::invalid(
                format!("responseFormat.{field}"),
                "belongs to the type `json_schema` alone",
            ));
        }
    }
    if name.as_deref().is_some_and(|name| !is_schema_name(name)) {
        return Err(ApiError::invalid("responseFormat.name", "must be 1 to 64 letters, digits, `_` and `-`"));
    }
    match (r#type, schema) {
        (FormatType::Text, _) => Ok(None),
        (FormatType::JsonObject, _) => Ok(Some(ResponseFormat::JsonObject)),
        (FormatType::JsonSchema, Some(JsonValue(schema))) if schema.is_object() => {
            Ok(Some(ResponseFormat::JsonSchema { name, schema, strict }))
        }
        (FormatType::JsonSchema, _) => {
            Err(ApiError::invalid("responseFormat.schema", "must be a JSON Schema (an object)"))
        }
    }
}

/// What OpenAI takes as the name of a schema.
fn is_schema_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        messages: Vec<Object<PromptMessage>>,
    }

    fn read(messages: &Value) -> Result<Conversation, ApiError> {
        let body: Body = crate::json::read(json!({"messages": messages}).to_string().as_bytes())?;
        conversation(None, Some(body.messages))
    }

    #[test]
    fn text_and_pictures_become_a_conversation() {
        let read = read(&json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0=", "detail": "low"}},
            ]},
        ]))
        .unwrap();
        assert_eq!(read.messages[0], Message::text(Role::System, "Be brief."));
        let inline = Source::Base64 { media_type: "image/png".into(), data: "iVBORw0=".into() };
        assert_eq!(read.messages[1].parts[1].content, Content::Image { source: inline, detail: Some("low".into()) });
    }

    #[test]
    fn a_schema_keeps_the_order_of_its_keys() {
        let schema = r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"}}}"#;
        let body = format!(r#"{{"type":"json_schema","schema":{schema}}}"#);
        let read: PromptFormat = crate::json::read(body.as_bytes()).unwrap();
        let Some(ResponseFormat::JsonSchema { schema: kept, .. }) = response_format(read).unwrap() else { panic!() };
        assert_eq!(kept.to_string(), schema);
    }

    #[test]
    fn faults_are_named_down_to_the_part() {
        let user = |content: Value| json!([{"role": "user", "content": content}]);
        for (messages, field) in [
            (json!([]), "messages"),
            (json!([{"role": "assistant", "content": "x"}]), "messages[0].role"),
            (user(json!("")), "messages[0].content"),
            (user(json!([])), "messages[0].content"),
            (user(json!([{"type": "text"}])), "messages[0].content[0].text"),
            (user(json!([{"type": "text", "text": "\n"}])), "messages[0].content[0].text"),
            (
                user(json!([{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}])),
                "messages[0].content[0].image_url.url",
            ),
            (
                user(json!([{"type": "image_url", "image_url": {"url": "http://example.com/a.png"}}])),
                "messages[0].content[0].image_url.url",
            ),
            (
                user(json!([{"type": "image_url", "image_url": {"url": "data:text/html;base64,AA=="}}])),
                "messages[0].content[0].image_url.url",
            ),
            (
                user(json!([{"type": "text", "text": "a", "image_url": {"url": "https://a"}}])),
                "messages[0].content[0].image_url",
            ),
        ] {
            match read(&messages).unwrap_err() {
                ApiError::Invalid { field: named, .. } => assert_eq!(named, field, "{messages}"),
                other => panic!("{messages}: {other}"),
            }
        }
    }
}
