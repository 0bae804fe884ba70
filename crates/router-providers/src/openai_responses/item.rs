//! The items of an answer: what it consists of in this dialect, each with an id of its own.

use serde_json::{Value, json};

use super::thought::{redacted, signed};

/// An item, as far as it is said.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) done: bool,
    /// Whether the limit of tokens ended it.
    pub(super) cut: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Message {
        parts: Vec<SaidPart>,
    },
    Reasoning {
        text: String,
        handed_back: Option<HandedBack>,
    },
    Call {
        /// Which of the answer's calls.
        index: usize,
        id: String,
        name: String,
        arguments: String,
    },
}

/// What a client hands back of a model's reasoning.
#[derive(Debug)]
pub(super) enum HandedBack {
    Signature(String),
    Redacted(String),
}

/// A part of a message.
#[derive(Debug)]
pub(super) struct SaidPart {
    pub(super) is_refusal: bool,
    pub(super) text: String,
}

impl SaidPart {
    /// The part as it is written.
    pub(super) fn json(&self) -> Value {
        self.with(&self.text)
    }

    /// The part before anything is said.
    pub(super) fn bare(&self) -> Value {
        self.with("")
    }

    fn with(&self, text: &str) -> Value {
        if self.is_refusal {
            json!({"type": "refusal", "refusal": text})
        } else {
            json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        }
    }
}

/// Arguments of a call that has none: the field is JSON text.
pub(super) const NO_ARGUMENTS: &str = "{}";

impl Item {
    /// The item as it is written, once it is complete.
    pub(super) fn json(&self) -> Value {
        let status = if self.cut { "incomplete" } else { "completed" };
        match &self.kind {
            Kind::Message { parts } => {
                let content: Vec<Value> = parts.iter().map(SaidPart::json).collect();
                json!({"id": self.id, "type": "message", "role": "assistant", "status": status, "content": content})
            }
            Kind::Reasoning { text, handed_back } => {
                let summary = if text.is_empty() { json!([]) } else { json!([summary(text)]) };
                let encrypted = handed_back.as_ref().map(|handed_back| match handed_back {
                    HandedBack::Signature(signature) => signed(signature),
                    HandedBack::Redacted(data) => redacted(data),
                });
                json!({
                    "id": self.id, "type": "reasoning", "summary": summary, "content": [],
                    "encrypted_content": encrypted, "status": status,
                })
            }
            Kind::Call { id, name, arguments, .. } => json!({
                "id": self.id, "type": "function_call", "call_id": id, "name": name, "arguments": arguments, "status": status,
            }),
        }
    }

    /// The item before anything is said.
    pub(super) fn bare(&self) -> Value {
        let status = "in_progress";
        match &self.kind {
            Kind::Message { .. } => {
                json!({"id": self.id, "type": "message", "role": "assistant", "status": status, "content": []})
            }
            Kind::Reasoning { .. } => json!({"id": self.id, "type": "reasoning", "summary": [], "status": status}),
            Kind::Call { id, name, .. } => json!({
                "id": self.id, "type": "function_call", "call_id": id, "name": name, "arguments": "", "status": status,
            }),
        }
    }
}

/// A part of what a model says of its reasoning.
pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}
