//! Models write structured answers in the order of the schema: it leaves as it came.

use router_core::conversation::{Conversation, ResponseFormat, Tool};
use router_providers::openai_chat::Flavour;
use router_providers::{anthropic_messages, openai_chat};
use serde_json::Value;

use crate::given::{call, model, tool};

/// Not in the order of the alphabet, at two depths; without `additionalProperties`, which Anthropic wants to be told.
const SCHEMA: &str = r#"{"type":"object","properties":{"z":{"type":"object","properties":{"y":{"type":"string"},"b":{"type":"string","maxLength":3}}},"a":{"type":"string"}},"required":["z","a"]"#;

/// The same without the type, which Anthropic wants of a tool.
const PARAMETERS: &str = r#"{"properties":{"z":{"type":"string"},"a":{"type":"string"}},"$defs":{}"#;

fn asked() -> Conversation {
    let read = |text: &str| -> Value { serde_json::from_str(&format!("{text}}}")).unwrap() };
    Conversation {
        tools: vec![Tool { parameters: read(PARAMETERS), ..tool("f") }],
        response_format: Some(ResponseFormat::JsonSchema { name: None, schema: read(SCHEMA), strict: None }),
        ..Conversation::prompt("x")
    }
}

#[test]
fn chat_completions_get_the_callers_order() {
    for flavour in [Flavour::OpenAi, Flavour::OpenRouter, Flavour::Compatible] {
        let (model, asked) = (model("gpt-5"), asked());
        let body = String::from_utf8(openai_chat::encode(&call(&model, &asked), flavour).unwrap().body).unwrap();
        assert!(body.contains(&format!("\"schema\":{SCHEMA}}}")), "{body}");
        assert!(body.contains(&format!("\"parameters\":{PARAMETERS}}}")), "{body}");
    }
}

#[test]
fn anthropic_gets_the_callers_order_around_what_is_changed() {
    let (model, asked) = (model("claude-opus-5"), asked());
    let body = String::from_utf8(anthropic_messages::encode(&call(&model, &asked)).unwrap().body).unwrap();
    let closed = r#"{"type":"object","properties":{"z":{"type":"object","properties":{"y":{"type":"string"},"b":{"type":"string"}},"additionalProperties":false},"a":{"type":"string"}},"required":["z","a"],"additionalProperties":false}"#;
    assert!(body.contains(&format!("\"schema\":{closed}")), "{body}");
    assert!(body.contains(&format!("\"input_schema\":{PARAMETERS},\"type\":\"object\"}}")), "{body}");
}
