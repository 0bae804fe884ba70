//! Whatever comes in: decoders do not panic, encoders write JSON.

use bytes::Bytes;
use proptest::prelude::*;
use router_core::conversation::{
    CacheMark, Content, Conversation, Effort, Message, Part, ResponseFormat, Role, Sampling, Source, Tool, ToolCall,
};
use router_core::usage::Tokens;
use router_providers::anthropic_messages;
use router_providers::dialect::Dialect;
use router_providers::openai_chat::{self, Flavour, decode_request};
use router_providers::original::Original;
use serde_json::{Value, json};

use crate::given::{call, json_of, model};

fn content() -> impl Strategy<Value = Content> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Content::Text),
        any::<String>().prop_map(|url| Content::Image { source: Source::Url(url), detail: None }),
        (any::<String>(), any::<String>()).prop_map(|(media_type, data)| Content::Document {
            source: Source::Base64 { media_type, data },
            name: None
        }),
        (any::<String>(), any::<String>(), any::<String>())
            .prop_map(|(id, name, arguments)| Content::ToolCall(ToolCall { id, name, arguments })),
        (any::<String>(), any::<Option<String>>()).prop_map(|(text, signature)| Content::Reasoning { text, signature }),
        any::<String>().prop_map(Content::RedactedReasoning),
        any::<String>().prop_map(Content::Refusal),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        (any::<String>(), prop::collection::vec(inner.prop_map(Part::from), 0..3), any::<bool>())
            .prop_map(|(call_id, parts, is_error)| Content::ToolResult { call_id, parts, is_error })
    })
}

fn part() -> impl Strategy<Value = Part> {
    let mark = prop::option::of(prop_oneof![Just(CacheMark::Default), Just(CacheMark::Long)]);
    (content(), mark).prop_map(|(content, cache)| Part { content, cache })
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant), Just(Role::Tool)];
    (role, prop::collection::vec(part(), 0..4)).prop_map(|(role, parts)| Message { role, parts })
}

prop_compose! {
    fn conversation()(
        messages in prop::collection::vec(message(), 0..6),
        names in prop::collection::vec(any::<String>(), 0..3),
        effort in prop::option::of(prop_oneof![Just(Effort::None), Just(Effort::Low), Just(Effort::Max)]),
        temperature in any::<Option<f32>>(),
        max_output in any::<Option<u64>>(),
        stop in prop::collection::vec(any::<String>(), 0..6),
        user in any::<Option<String>>(),
        schema in prop::option::of(json_value()),
    ) -> Conversation {
        let tool = |name| Tool { name, description: None, parameters: Value::Null, strict: None, cache: None };
        Conversation {
            messages,
            tools: names.into_iter().map(tool).collect(),
            effort,
            sampling: Sampling { temperature, top_p: None, top_k: None },
            max_output: max_output.map(Tokens),
            stop,
            user,
            response_format: schema.map(|schema| ResponseFormat::JsonSchema { name: None, schema, strict: None }),
            ..Conversation::default()
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let word =
        prop_oneof![Just("type"), Just("properties"), Just("items"), Just("anyOf"), Just("minItems"), Just("text")];
    let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), "[a-z_]{0,12}".prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(word.clone().prop_map(String::from), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn encoders_write_json_or_refuse(asked in conversation()) {
        for name in ["gpt-5.6", "gpt-4o"] {
            for flavour in [Flavour::OpenAi, Flavour::OpenRouter, Flavour::Compatible] {
                if let Ok(encoded) = openai_chat::encode(&call(&model(name), &asked), flavour) {
                    prop_assert_eq!(&json_of(&encoded.body)["model"], name);
                }
            }
        }
        for name in ["claude-opus-5", "claude-haiku-4-5"] {
            if let Ok(encoded) = anthropic_messages::encode(&call(&model(name), &asked)) {
                let body = json_of(&encoded.body);
                let turns = body["messages"].as_array().unwrap();
                prop_assert!(turns.windows(2).all(|pair| pair[0]["role"] != pair[1]["role"]));
                prop_assert!(!turns.is_empty() && turns.iter().all(|turn| !turn["content"].as_array().unwrap().is_empty()));
            }
        }
    }

    #[test]
    fn decoders_survive_bytes(bytes in any::<Vec<u8>>()) {
        prop_assert!(openai_chat::decode(&bytes).is_err());
        prop_assert!(anthropic_messages::decode(&bytes).is_err());
    }

    #[test]
    fn decoders_survive_json(field in "id|choices|content|usage|error|stop_reason", value in json_value(), inner in json_value()) {
        let chat = json!({"choices": [{"finish_reason": "stop", "message": {"content": inner, "tool_calls": inner}}], field.clone(): value});
        let _ = openai_chat::decode(chat.to_string().as_bytes());
        let message = json!({"content": [inner, {"type": "text", "text": "x"}], "stop_reason": "end_turn", field: value});
        let _ = anthropic_messages::decode(message.to_string().as_bytes());
    }

    #[test]
    fn requests_are_read_or_refused_and_what_is_read_is_sent(
        field in "tools|tool_choice|response_format|reasoning|reasoning_effort|max_tokens|max_completion_tokens|stop|user|\
            stream|stream_options|top_k|temperature|n|functions|unknown",
        key in "content|tool_calls|reasoning_details|refusal|name|cache_control",
        role in "user|assistant|tool|system",
        value in json_value(),
        inner in json_value(),
        streamed in any::<bool>(),
    ) {
        let mut message = json!({"role": role, "content": "x", "tool_call_id": "c"});
        message[key] = inner;
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}, message], field: value}).to_string();
        let Ok(read) = decode_request(body.as_bytes(), &[]) else { return Ok(()) };
        let body = Bytes::from(body);
        let original = Original { dialect: Dialect::OpenAiChat, body, ours: &[], headers: Vec::new(), uncarried: read.uncarried };
        let gpt = model("gpt-5");
        let asked = call(&gpt, &read.conversation).with_original(Some(&original));
        let asked = if streamed { asked.streaming() } else { asked };
        for flavour in [Flavour::OpenAi, Flavour::OpenRouter, Flavour::Compatible] {
            if let Ok(encoded) = openai_chat::write_request(&asked, flavour) {
                let sent = json_of(&encoded.body);
                prop_assert_eq!((&sent["model"], sent["stream"] == true), (&json!("gpt-5"), streamed));
                prop_assert!(decode_request(&encoded.body, &[]).is_ok());
            }
        }
        if let Ok(encoded) = anthropic_messages::encode(&asked) {
            prop_assert!(json_of(&encoded.body).is_object());
        }
    }

    #[test]
    fn requests_of_bytes_are_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(decode_request(&bytes, &[]).is_err());
    }
}
