//! Conversations as Messages requests.

use router_core::capability::Capability;
use router_core::conversation::{
    CacheMark, Content, Conversation, Effort, Message, ResponseFormat, Role, Sampling, Source, Tool, ToolChoice,
};
use router_core::error_kind::ErrorKind;
use router_core::model::Model;
use router_core::usage::Tokens;
use router_providers::anthropic_messages::encode;
use serde_json::{Value, json};

use crate::given::{call, json_of, marked, model, text, tool, tool_call, tool_result, turn, turns, without};

const OLD: &str = "claude-haiku-4-5";
const NEW: &str = "claude-opus-5";

fn encoded(model: &Model, conversation: &Conversation) -> (Value, Vec<String>) {
    let encoded = encode(&call(model, conversation)).unwrap();
    (json_of(&encoded.body), encoded.dropped)
}

fn version(model: &Model, conversation: &Conversation) -> String {
    let encoded = encode(&call(model, conversation)).unwrap();
    assert_eq!(encoded.headers[0].0, "anthropic-version");
    encoded.headers[0].1.clone()
}

#[test]
fn the_whole_of_a_conversation() {
    let png = Source::Url("data:image/png;base64,AAAA".into());
    let asked = Conversation {
        messages: vec![
            Message { role: Role::System, parts: vec![marked(text("Be brief."), CacheMark::Long)] },
            turn(
                Role::User,
                vec![text(" \n"), text("Look"), Content::Image { source: png, detail: Some("high".into()) }],
            ),
            turn(
                Role::Assistant,
                vec![
                    Content::Reasoning { text: "hm".into(), signature: Some("sig".into()) },
                    Content::RedactedReasoning("xyz".into()),
                    text("Looking."),
                    tool_call("call.1", "f", "{\"b\": 1, \"a\":2}"),
                    tool_call("call_2", "f", ""),
                ],
            ),
            turn(Role::Tool, vec![tool_result("call.1", vec![text("seen")])]),
            turn(Role::User, vec![text("Well?")]),
            turn(Role::Tool, vec![Content::ToolResult { call_id: "call_2".into(), parts: vec![], is_error: true }]),
        ],
        tools: vec![
            Tool { cache: Some(CacheMark::Long), ..tool("f") },
            Tool { parameters: Value::Null, description: None, ..tool("g") },
        ],
        tool_choice: ToolChoice::Required,
        parallel_tool_calls: Some(false),
        response_format: Some(ResponseFormat::JsonSchema {
            name: None,
            schema: json!({"type": "object", "additionalProperties": false}),
            strict: Some(true),
        }),
        stop: vec!["END".into()],
        user: Some("u1".into()),
        ..Conversation::default()
    };
    let (body, dropped) = encoded(&model(NEW), &asked);
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let id = body["messages"][1]["content"][3]["id"].clone();
    assert!(id.as_str().unwrap().starts_with("call_1_"), "{id}");
    assert_eq!(
        body,
        json!({
            "model": NEW,
            "max_tokens": 32_000,
            "tools": [
                {"name": "f", "description": "Looks", "input_schema": schema, "cache_control": hour},
                {"name": "g", "input_schema": {"type": "object"}},
            ],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
            "system": [{"type": "text", "text": "Be brief.", "cache_control": hour}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                ]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "sig"},
                    {"type": "redacted_thinking", "data": "xyz"},
                    {"type": "text", "text": "Looking."},
                    {"type": "tool_use", "id": id, "name": "f", "input": {"b": 1, "a": 2}},
                    {"type": "tool_use", "id": "call_2", "name": "f", "input": {}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": "seen"}]},
                    {"type": "tool_result", "tool_use_id": "call_2", "is_error": true},
                    {"type": "text", "text": "Well?"},
                ]},
            ],
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": false}}},
            "stop_sequences": ["END"],
            "metadata": {"user_id": "u1"},
        })
    );
    assert_eq!(dropped, ["image.detail"]);
}

#[test]
fn arguments_keep_the_order_and_spaces_they_were_written_with() {
    let asked = turns(vec![
        Message::text(Role::User, "a"),
        turn(Role::Assistant, vec![tool_call("1", "f", "{\"b\": 1, \"a\":2}")]),
        turn(Role::Tool, vec![tool_result("1", vec![])]),
    ]);
    let encoded = encode(&call(&model(NEW), &asked)).unwrap();
    assert!(String::from_utf8(encoded.body).unwrap().contains("\"input\":{\"b\": 1, \"a\":2}"));
}

#[test]
fn arguments_that_are_no_object_are_kept_as_text() {
    let asked = turns(vec![
        Message::text(Role::User, "a"),
        turn(Role::Assistant, vec![tool_call("1", "f", "{\"cut"), tool_call("2", "f", "[1]")]),
        turn(Role::Tool, vec![tool_result("1", vec![]), tool_result("2", vec![])]),
    ]);
    let (body, dropped) = encoded(&model(NEW), &asked);
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({"text": "{\"cut"}));
    assert_eq!(body["messages"][1]["content"][1]["input"], json!({"text": "[1]"}));
    assert_eq!(dropped, ["tool_call.arguments"]);
}

#[test]
fn the_version_follows_the_sampling_parameters() {
    let warm = Conversation {
        sampling: Sampling { temperature: Some(1.5), top_p: Some(0.5), top_k: Some(3) },
        ..Conversation::prompt("x")
    };
    assert_eq!(version(&model(OLD), &Conversation::prompt("x")), "2026-10-21");
    assert_eq!(version(&model(OLD), &warm), "2023-06-01");
    let (body, dropped) = encoded(&model(OLD), &warm);
    assert_eq!((&body["temperature"], &body["top_k"], body.get("top_p")), (&json!(1.0), &json!(3), None));
    assert_eq!(dropped, ["temperature", "top_p"]);
    let new = without(model(NEW), &[Capability::SamplingParameters]);
    assert_eq!(version(&new, &warm), "2026-10-21");
    assert_eq!(encoded(&new, &warm).1, ["temperature", "top_p", "top_k"]);
}

#[test]
fn max_tokens_is_always_there() {
    let asked = |limit: Option<u64>| Conversation { max_output: limit.map(Tokens), ..Conversation::prompt("x") };
    let unknown = Model { max_output_tokens: Tokens(0), ..model(NEW) };
    assert_eq!(encoded(&model(NEW), &asked(None)).0["max_tokens"], 32_000);
    assert_eq!(encoded(&model(NEW), &asked(Some(10))).0["max_tokens"], 10);
    assert_eq!(encoded(&model(NEW), &asked(Some(64_000))).0["max_tokens"], 32_000);
    assert_eq!(encoded(&unknown, &asked(None)).0["max_tokens"], 4_096);
    assert_eq!(encoded(&unknown, &asked(Some(64_000))).0["max_tokens"], 64_000);
}

#[test]
fn effort_in_the_words_of_each_generation() {
    let asked = |effort| Conversation { effort: Some(effort), ..Conversation::prompt("x") };
    let written = |name: &str, effort| {
        let (body, dropped) = encoded(&model(name), &asked(effort));
        (body["thinking"].clone(), body["output_config"]["effort"].clone(), !dropped.is_empty())
    };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(written(NEW, Effort::Max), (adaptive.clone(), json!("max"), false));
    assert_eq!(written(NEW, Effort::Minimal), (adaptive.clone(), json!("low"), true));
    assert_eq!(written(NEW, Effort::None), (json!({"type": "disabled"}), Value::Null, false));
    assert_eq!(written("claude-sonnet-5-5", Effort::None), (adaptive.clone(), json!("low"), true));
    assert_eq!(written("claude-opus-4-6", Effort::Xhigh), (adaptive, json!("high"), true));
    assert_eq!(written(OLD, Effort::Medium), (budget(2_048), Value::Null, false));
    assert_eq!(written(OLD, Effort::None), (Value::Null, Value::Null, false));

    let short = Conversation { max_output: Some(Tokens(2_000)), ..asked(Effort::Max) };
    assert_eq!(encoded(&model(OLD), &short).0["thinking"], budget(1_999));
    let shorter = Conversation { max_output: Some(Tokens(1_024)), ..asked(Effort::Max) };
    assert_eq!(encoded(&model(OLD), &shorter).1, ["effort"]);
    let forced = Conversation { tools: vec![tool("f")], tool_choice: ToolChoice::Required, ..asked(Effort::High) };
    assert_eq!(encoded(&model(OLD), &forced).1, ["effort"]);
    let warm =
        Conversation { sampling: Sampling { temperature: Some(0.2), ..Sampling::default() }, ..asked(Effort::Low) };
    assert_eq!(encoded(&model(OLD), &warm).1, ["temperature"]);
    let unsigned = Content::Reasoning { text: "hm".into(), signature: None };
    let in_a_loop = Conversation {
        messages: vec![
            Message::text(Role::User, "a"),
            turn(Role::Assistant, vec![unsigned, tool_call("1", "f", "{}")]),
            turn(Role::Tool, vec![tool_result("1", vec![])]),
        ],
        ..asked(Effort::High)
    };
    assert_eq!(encoded(&model(OLD), &in_a_loop).1, ["reasoning", "effort"]);
}

#[test]
fn system_turns_go_to_the_top() {
    let asked = turns(vec![
        Message::text(Role::System, "one"),
        Message::text(Role::User, "a"),
        Message::text(Role::System, "two"),
        Message::text(Role::User, "b"),
    ]);
    let (body, dropped) = encoded(&model(NEW), &asked);
    assert_eq!(body["system"], json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]));
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    assert_eq!(dropped, ["messages.position_of_system"]);
}

#[test]
fn a_prefill_does_not_end_in_space() {
    let asked = turns(vec![Message::text(Role::User, "a"), Message::text(Role::Assistant, "Once upon \n")]);
    let (body, dropped) = encoded(&model(OLD), &asked);
    assert_eq!(body["messages"][1]["content"][0]["text"], "Once upon");
    assert_eq!(dropped, ["messages.trailing_space"]);
}

#[test]
fn json_mode_becomes_a_hint_and_schemas_lose_what_is_refused() {
    let asked = |format| Conversation { response_format: Some(format), ..Conversation::prompt("x") };
    let (body, dropped) = encoded(&model(NEW), &asked(ResponseFormat::JsonObject));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON"));
    assert_eq!(dropped, ["response_format"]);
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
    let (body, dropped) =
        encoded(&model(NEW), &asked(ResponseFormat::JsonSchema { name: Some("n".into()), schema, strict: None }));
    assert_eq!(
        body["output_config"]["format"]["schema"],
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false})
    );
    assert_eq!(dropped, ["response_format.schema", "response_format.name"]);
}

#[test]
fn users_are_opaque_and_stops_are_visible() {
    let asked = Conversation {
        user: Some("ann@example.com".into()),
        stop: vec![" ".into(), "x".into()],
        ..Conversation::prompt("x")
    };
    let (body, dropped) = encoded(&model(NEW), &asked);
    assert_eq!((body.get("metadata"), &body["stop_sequences"]), (None, &json!(["x"])));
    assert_eq!(dropped, ["stop", "user"]);
}

#[test]
fn texts_as_documents() {
    let source = Source::Base64 { media_type: "text/plain".into(), data: "aMOp".into() };
    let asked = turns(vec![turn(Role::User, vec![Content::Document { source, name: Some("n".into()) }])]);
    assert_eq!(
        encoded(&model(NEW), &asked).0["messages"][0]["content"][0],
        json!({"type": "document", "title": "n", "source": {"type": "text", "media_type": "text/plain", "data": "hé"}})
    );
}

#[test]
fn what_cannot_be_carried_is_refused_by_name() {
    let user = |content| turns(vec![turn(Role::User, vec![content])]);
    let inline = |media_type: &str| Source::Base64 { media_type: media_type.into(), data: "AAAA".into() };
    let cases = [
        (user(Content::Image { source: inline("image/tiff"), detail: None }), "image"),
        (user(Content::Image { source: Source::Url("data:image/png,raw".into()), detail: None }), "image"),
        (user(Content::Document { source: inline("application/zip"), name: None }), "document"),
        (user(tool_call("a", "b", "{}")), "messages"),
        (turns(vec![]), "messages"),
        (Conversation::prompt(" "), "messages"),
        (turns(vec![Message::text(Role::System, "alone")]), "messages"),
        (turns(vec![Message::text(Role::Assistant, "hi"), Message::text(Role::User, "a")]), "messages"),
    ];
    for (asked, field) in cases {
        let error = encode(&call(&model(NEW), &asked)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        assert!(error.message.starts_with(&format!("{field}: ")), "{error}");
    }
}
