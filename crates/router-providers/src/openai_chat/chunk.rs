//! One event of a stream, as far as it is read. Everything is optional, as in [`super::response`].

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::response::{ReasoningDetail, Usage};
use crate::json_text::JsonText;

#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) id: Option<JsonText<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<JsonText<'a>>,
    #[serde(borrow)]
    object: Option<JsonText<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<JsonText<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    pub(super) usage: Option<Usage>,
}

impl Chunk<'_> {
    /// Whether it says, in any of the ways there are, that something went wrong.
    pub(super) fn is_error(&self) -> bool {
        let says = |word: &Option<JsonText<'_>>| word.as_ref().is_some_and(|word| word.0 == "error");
        let within = self.choices.iter().flatten().any(|choice| choice.error.is_some());
        self.error.is_some() || within || says(&self.object) || says(&self.kind)
    }
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<JsonText<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    pub(super) content: Option<Value>,
    pub(super) refusal: Option<String>,
    pub(super) reasoning_content: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) reasoning_details: Option<Vec<ReasoningDetail>>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
    /// What came before `tool_calls`; some servers still write it beside them.
    #[serde(borrow)]
    pub(super) function_call: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    images: Option<&'a RawValue>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
}

impl Delta<'_> {
    /// Whether it holds what only this dialect can say.
    pub(super) fn says_more(&self) -> bool {
        let parts = [self.audio, self.images, self.annotations];
        parts.into_iter().flatten().any(|part| !matches!(part.get(), "[]" | "{}" | "\"\""))
    }
}

#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) id: Option<JsonText<'a>>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Option<JsonText<'a>>,
    /// A piece of a string holding JSON; some servers send the JSON itself, at once.
    pub(super) arguments: Option<Value>,
}
