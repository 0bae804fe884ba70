//! Conversations as chat-completions requests.

use router_core::capability::Capability;
use router_core::conversation::{
    CacheMark, Content, Conversation, Effort, Message, ResponseFormat, Role, Sampling, Source, ToolChoice,
};
use router_core::error_kind::ErrorKind;
use router_core::model::Model;
use router_core::usage::Tokens;
use router_providers::openai_chat::{Flavour, encode};
use serde_json::{Value, json};

use crate::given::{call, json_of, marked, model, text, tool, tool_call, tool_result, turn, turns, without};

fn encoded(model: &Model, flavour: Flavour, conversation: &Conversation) -> (Value, Vec<String>) {
    let encoded = encode(&call(model, conversation), flavour).unwrap();
    (json_of(&encoded.body), encoded.dropped)
}

#[test]
fn the_whole_of_a_conversation() {
    let asked = Conversation {
        messages: vec![
            turn(Role::System, vec![text("Be brief.")]),
            turn(Role::System, vec![text("Be kind.")]),
            turn(
                Role::User,
                vec![
                    text("Look"),
                    Content::Image {
                        source: Source::Url("https://example.com/a.png".into()),
                        detail: Some("low".into()),
                    },
                    Content::Document {
                        source: Source::Base64 { media_type: "application/pdf".into(), data: "JVBE".into() },
                        name: Some("a.pdf".into()),
                    },
                ],
            ),
            turn(
                Role::Assistant,
                vec![text("I "), text("look."), tool_call("c1", "f", "{\"b\":1,\"a\":2}"), tool_call("c2", "f", "")],
            ),
            turn(
                Role::Tool,
                vec![tool_result(
                    "c1",
                    vec![
                        text("seen"),
                        Content::Image {
                            source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
                            detail: None,
                        },
                    ],
                )],
            ),
            turn(
                Role::Tool,
                vec![Content::ToolResult { call_id: "c2".into(), parts: vec![text("broken").into()], is_error: true }],
            ),
            turn(Role::User, vec![text("Well?")]),
        ],
        tools: vec![tool("f")],
        tool_choice: ToolChoice::Named("f".into()),
        parallel_tool_calls: Some(false),
        response_format: Some(ResponseFormat::JsonSchema {
            name: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        }),
        sampling: Sampling { temperature: Some(0.7), top_p: Some(0.9), top_k: None },
        max_output: Some(Tokens(1_000_000)),
        stop: vec!["END".into()],
        user: Some("u1".into()),
        ..Conversation::default()
    };
    let gpt_4o = without(model("gpt-4o"), &[Capability::Reasoning]);
    let (body, dropped) = encoded(&gpt_4o, Flavour::OpenAi, &asked);
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    assert_eq!(
        body,
        json!({
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": "Be brief.\n\nBe kind."},
                {"role": "user", "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
                ]},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2}"}},
                    {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "seen"},
                {"role": "tool", "tool_call_id": "c2", "content": "Error: broken"},
                {"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "text", "text": "Well?"},
                ]},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": "Looks", "parameters": parameters}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "parallel_tool_calls": false,
            "response_format": {"type": "json_schema", "json_schema": {"name": "output", "schema": {"type": "object"}, "strict": true}},
            "temperature": 0.7,
            "top_p": 0.9,
            "max_tokens": 32_000,
            "stop": ["END"],
            "safety_identifier": "u1",
        })
    );
    assert_eq!(dropped, [""; 0]);
}

#[test]
fn a_prompt_needs_nothing_else() {
    let (body, dropped) = encoded(&model("llama3"), Flavour::Compatible, &Conversation::prompt("Hello"));
    assert_eq!(body, json!({"model": "llama3", "messages": [{"role": "user", "content": "Hello"}]}));
    assert!(dropped.is_empty());
}

/// What each flavour makes of the same wishes.
#[test]
fn flavours_differ_where_the_providers_do() {
    let asked = Conversation {
        messages: vec![turn(Role::System, vec![text("s")]), turn(Role::User, vec![text("u")])],
        effort: Some(Effort::Max),
        sampling: Sampling { temperature: Some(0.5), top_p: None, top_k: Some(40) },
        max_output: Some(Tokens(100)),
        stop: ["1", "2", "3", "4", "5"].map(String::from).to_vec(),
        user: Some("u1".into()),
        ..Conversation::default()
    };
    let refuses_sampling = without(model("gpt-5.6-sol"), &[Capability::SamplingParameters]);
    let user = json!({"role": "user", "content": "u"});
    let (body, dropped) = encoded(&refuses_sampling, Flavour::OpenAi, &asked);
    assert_eq!(
        body,
        json!({"model": "gpt-5.6-sol", "messages": [{"role": "developer", "content": "s"}, user],
            "reasoning_effort": "xhigh", "max_completion_tokens": 100, "safety_identifier": "u1"})
    );
    assert_eq!(dropped, ["effort", "temperature", "top_k", "stop"]);

    let (body, dropped) = encoded(&model("x-ai/grok-4"), Flavour::OpenRouter, &asked);
    assert_eq!(
        body,
        json!({"model": "x-ai/grok-4", "messages": [{"role": "system", "content": "s"}, user],
            "reasoning": {"effort": "xhigh"}, "temperature": 0.5, "top_k": 40, "max_tokens": 100,
            "stop": ["1", "2", "3", "4"], "user": "u1"})
    );
    assert_eq!(dropped, ["effort", "stop"]);

    let (body, dropped) = encoded(&model("qwen3"), Flavour::Compatible, &asked);
    assert_eq!(
        body,
        json!({"model": "qwen3", "messages": [{"role": "system", "content": "s"}, user],
            "reasoning_effort": "high", "temperature": 0.5, "top_k": 40, "max_tokens": 100,
            "stop": ["1", "2", "3", "4", "5"], "user": "u1"})
    );
    assert_eq!(dropped, ["effort"]);
}

#[test]
fn the_limit_has_the_name_the_model_knows() {
    let asked = Conversation { max_output: Some(Tokens(5)), ..Conversation::prompt("x") };
    for (name, flavour, field) in [
        ("gpt-4o", Flavour::OpenAi, "max_tokens"),
        ("gpt-5-mini", Flavour::OpenAi, "max_completion_tokens"),
        ("gpt-6.1-sol", Flavour::OpenAi, "max_completion_tokens"),
        ("o3", Flavour::OpenAi, "max_completion_tokens"),
        ("openai/gpt-5", Flavour::OpenRouter, "max_tokens"),
        ("gpt-oss-120b", Flavour::Compatible, "max_tokens"),
    ] {
        let plain = without(model(name), &[Capability::Reasoning]);
        assert_eq!(encoded(&plain, flavour, &asked).0[field], 5, "{name}");
    }
    // What the catalogue calls a reasoning model is one, whatever its name.
    assert_eq!(encoded(&model("chat-latest"), Flavour::OpenAi, &asked).0["max_completion_tokens"], 5);
}

#[test]
fn efforts_are_those_the_model_has() {
    for (name, wanted, written) in [
        ("gpt-5", Effort::None, "minimal"),
        ("gpt-5", Effort::Max, "high"),
        ("gpt-5.1", Effort::None, "none"),
        ("gpt-5.2", Effort::Xhigh, "xhigh"),
        ("gpt-6-sol", Effort::Max, "max"),
        ("gpt-6-sol", Effort::Minimal, "none"),
        ("o3", Effort::None, "low"),
    ] {
        let asked = Conversation { effort: Some(wanted), ..Conversation::prompt("x") };
        assert_eq!(encoded(&model(name), Flavour::OpenAi, &asked).0["reasoning_effort"], written, "{name} {wanted:?}");
    }
    let asked = Conversation { effort: Some(Effort::Low), ..Conversation::prompt("x") };
    let unthinking = without(model("gpt-4o"), &[Capability::Reasoning]);
    assert_eq!(encoded(&unthinking, Flavour::OpenAi, &asked).1, ["effort"]);
}

#[test]
fn reasoning_goes_back_where_it_can() {
    let thought = Content::Reasoning { text: "hm".into(), signature: Some("sig".into()) };
    let assistant = turn(Role::Assistant, vec![thought, Content::RedactedReasoning("xyz".into()), text("ok")]);
    let asked = turns(vec![Message::text(Role::User, "a"), assistant, Message::text(Role::User, "b")]);
    let (body, dropped) = encoded(&model("a/b"), Flavour::OpenRouter, &asked);
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": "ok", "reasoning_details": [
            {"type": "reasoning.text", "text": "hm", "signature": "sig"}, {"type": "reasoning.encrypted", "data": "xyz"}]})
    );
    assert!(dropped.is_empty());
    let (body, dropped) = encoded(&model("qwen3"), Flavour::Compatible, &asked);
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "ok", "reasoning_content": "hm"}));
    assert_eq!(dropped, ["reasoning.signature", "reasoning"]);
    let (body, dropped) = encoded(&model("gpt-5"), Flavour::OpenAi, &asked);
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "ok"}));
    assert_eq!(dropped, ["reasoning"]);
}

#[test]
fn cache_marks_in_each_syntax() {
    let parts = vec![marked(text("long"), CacheMark::Long), marked(text("short"), CacheMark::Default)];
    let asked = turns(vec![Message { role: Role::User, parts }]);
    let (body, _) = encoded(&model("gpt-5.6-sol"), Flavour::OpenAi, &asked);
    assert_eq!(
        body["messages"][0]["content"],
        json!([{"type": "text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}},
            {"type": "text", "text": "short", "prompt_cache_breakpoint": {"mode": "explicit"}}])
    );
    assert_eq!(body["prompt_cache_options"], json!({"mode": "explicit"}));
    let (body, _) = encoded(&model("anthropic/claude"), Flavour::OpenRouter, &asked);
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    for (name, flavour) in [("gpt-5.5", Flavour::OpenAi), ("llama", Flavour::Compatible)] {
        let (body, dropped) = encoded(&model(name), flavour, &asked);
        assert_eq!(body["messages"][0]["content"][0], json!({"type": "text", "text": "long"}));
        assert_eq!(dropped, ["cache"]);
    }
}

#[test]
fn names_and_ids_fit_openai_and_stay_paired() {
    let long = "x".repeat(60);
    let assistant = turn(Role::Assistant, vec![tool_call(&long, "files.read", "{}")]);
    let asked = Conversation {
        tools: vec![tool("files.read")],
        ..turns(vec![
            Message::text(Role::User, "a"),
            assistant,
            turn(Role::Tool, vec![tool_result(&long, vec![text("r")])]),
        ])
    };
    let (body, _) = encoded(&model("gpt-4o"), Flavour::OpenAi, &asked);
    let id = &body["messages"][1]["tool_calls"][0]["id"];
    assert_eq!(*id, body["messages"][2]["tool_call_id"]);
    assert_eq!(id.as_str().unwrap().len(), 40);
    assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["name"], body["tools"][0]["function"]["name"]);
    let kept = encoded(&model("kimi"), Flavour::Compatible, &asked).0;
    assert_eq!(kept["messages"][2]["tool_call_id"], long);
}

#[test]
fn what_cannot_be_carried_is_refused_by_name() {
    let user = |content| turns(vec![turn(Role::User, vec![content])]);
    let pdf = Content::Document { source: Source::Url("https://example.com/a.pdf".into()), name: None };
    let cases = [
        (user(pdf), ErrorKind::Unsupported, "document"),
        (user(tool_call("a", "b", "{}")), ErrorKind::Unsupported, "messages"),
        (turns(vec![turn(Role::System, vec![tool_result("a", vec![])])]), ErrorKind::Unsupported, "messages"),
        (
            Conversation { tool_choice: ToolChoice::Required, ..Conversation::prompt("x") },
            ErrorKind::InvalidRequest,
            "tool_choice",
        ),
        (
            Conversation {
                tools: vec![tool("f")],
                tool_choice: ToolChoice::Named("g".into()),
                ..Conversation::prompt("x")
            },
            ErrorKind::InvalidRequest,
            "tool_choice",
        ),
        (
            Conversation {
                sampling: Sampling { temperature: Some(f32::NAN), ..Sampling::default() },
                ..Conversation::prompt("x")
            },
            ErrorKind::InvalidRequest,
            "temperature",
        ),
    ];
    for (asked, kind, field) in cases {
        let error = encode(&call(&model("gpt-4o"), &asked), Flavour::OpenAi).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.starts_with(&format!("{field}: ")), "{error}");
    }
    let at = |url: &str| user(Content::Image { source: Source::Url(url.into()), detail: None });
    for url in ["https://example.com/a.png", "http://169.254.169.254/"] {
        let error = encode(&call(&model("llava"), &at(url)), Flavour::Compatible).unwrap_err();
        assert_eq!((error.kind, &error.message[..6]), (ErrorKind::Unsupported, "image:"));
    }
    encode(&call(&model("llava"), &at("data:image/png;base64,AAAA")), Flavour::Compatible).unwrap();
    let blind = without(model("gpt-4o"), &[Capability::Vision]);
    let image = user(Content::Image { source: Source::Url("https://example.com/a.png".into()), detail: None });
    let error = encode(&call(&blind, &image), Flavour::OpenAi).unwrap_err();
    assert_eq!((error.kind, &error.message[..7]), (ErrorKind::Unsupported, "vision:"));
}
