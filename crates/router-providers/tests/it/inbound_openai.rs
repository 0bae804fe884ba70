//! Chat-completions requests as callers write them.

use router_core::conversation::{CacheMark, Content, Effort, Message, Part, ResponseFormat, Role, Source, ToolChoice};
use router_core::usage::Tokens;
use router_providers::inbound::Inbound;
use router_providers::openai_chat::decode_request;
use router_providers::request_error::RequestError;
use serde_json::{Value, json};

use crate::given::{marked, recordings, text, tool_call, tool_result, turn};

const OURS: &[&str] = &["router"];

fn read(body: &Value) -> Result<Inbound, RequestError> {
    decode_request(body.to_string().as_bytes(), OURS)
}

/// A request with these fields beside a model and a message.
fn with(fields: Value) -> Result<Inbound, RequestError> {
    let mut body = json!({"model": "auto", "messages": [{"role": "user", "content": "Hello"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    read(&body)
}

fn said(messages: Value) -> Result<Inbound, RequestError> {
    read(&json!({"model": "auto", "messages": messages}))
}

/// The names of what is not carried, essential ones first with a mark.
fn uncarried(inbound: &Inbound) -> Vec<String> {
    inbound.uncarried.iter().map(|lost| format!("{}{}", if lost.essential { "!" } else { "" }, lost.field)).collect()
}

#[test]
fn every_role_becomes_a_turn() {
    let inbound = said(json!([
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "Weather?", "name": "ada"},
        {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"b\": 1, \"a\":2}"}},
            {"id": "c2", "type": "function", "function": {"name": "look", "arguments": ""}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sun"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "Rain"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No"}]},
        {"role": "assistant", "content": "A", "refusal": "B"},
        {"role": "assistant", "content": null, "function_call": {"name": "old", "arguments": "{}"}},
        {"role": "function", "name": "old", "content": "done"},
        {"role": "user", "content": ""},
    ]))
    .unwrap();
    let expected = [
        turn(Role::System, vec![text("Be brief.")]),
        turn(Role::System, vec![text("Be kind.")]),
        turn(Role::User, vec![text("Weather?")]),
        turn(Role::Assistant, vec![tool_call("c1", "look", "{\"b\": 1, \"a\":2}"), tool_call("c2", "look", "")]),
        turn(Role::Tool, vec![tool_result("c1", vec![text("Sun")])]),
        turn(Role::Tool, vec![tool_result("c2", vec![text("Rain")])]),
        turn(Role::Assistant, vec![Content::Refusal("No".into())]),
        turn(Role::Assistant, vec![text("A"), Content::Refusal("B".into())]),
        turn(Role::Assistant, vec![tool_call("call_function_8", "old", "{}")]),
        turn(Role::Tool, vec![tool_result("call_function_8", vec![text("done")])]),
        turn(Role::User, vec![text("")]),
    ];
    assert_eq!(inbound.conversation.messages, expected);
    assert_eq!(uncarried(&inbound), ["messages.name"]);
}

#[test]
fn parts_keep_what_they_show_and_where_it_is_cached() {
    let inbound = said(json!([{"role": "user", "content": [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "image_url", "image_url": {"url": "http://example.com/a.png", "detail": "low"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "AA=="}},
        {"type": "text", "text": "c", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}, "extra": 1},
    ]}]))
    .unwrap();
    let image = Source::Url("http://example.com/a.png".into());
    let pdf = Source::Url("data:application/pdf;base64,AA==".into());
    let bare = Source::Base64 { media_type: "application/pdf".into(), data: "AA==".into() };
    let expected = [
        marked(text("a"), CacheMark::Long),
        marked(text("b"), CacheMark::Default),
        Content::Image { source: image, detail: Some("low".into()) }.into(),
        Content::Document { source: pdf, name: Some("a.pdf".into()) }.into(),
        Content::Document { source: bare, name: None }.into(),
        marked(text("c"), CacheMark::Long),
    ];
    assert_eq!(inbound.conversation.messages, [Message { role: Role::User, parts: expected.to_vec() }]);
    assert_eq!(uncarried(&inbound), ["messages.content.extra"]);
}

#[test]
fn reasoning_comes_back_with_its_signature() {
    let thought = |text: &str, signature: Option<&str>| {
        Part::from(Content::Reasoning { text: text.into(), signature: signature.map(str::to_owned) })
    };
    for (fields, expected) in [
        (json!({"reasoning_content": "2+2"}), vec![thought("2+2", None)]),
        (json!({"reasoning": "2+2"}), vec![thought("2+2", None)]),
        (
            json!({"reasoning_content": "ab", "reasoning_details": [
                {"type": "reasoning.text", "text": "a", "signature": "s", "index": 0},
                {"type": "reasoning.encrypted", "data": "d", "index": 1},
            ]}),
            vec![thought("a", Some("s")), Content::RedactedReasoning("d".into()).into()],
        ),
        // A client may have kept the text apart from the signature over it.
        (
            json!({"reasoning_content": "ab", "reasoning_details": [{"type": "reasoning.text", "signature": "s"}]}),
            vec![thought("ab", Some("s"))],
        ),
    ] {
        let mut message = json!({"role": "assistant", "content": "4"});
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let inbound = said(json!([message])).unwrap();
        let parts: Vec<_> = expected.into_iter().chain([Part::text("4")]).collect();
        assert_eq!(inbound.conversation.messages[0].parts, parts, "{fields}");
    }
}

#[test]
fn fields_of_the_request_are_carried() {
    let inbound = with(json!({
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"z": 1, "a": 2}, "strict": true}},
            {"type": "function", "function": {"name": "g"}, "cache_control": {"type": "ephemeral"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "g"}},
        "parallel_tool_calls": false,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}},
        "reasoning_effort": "xhigh", "temperature": 2, "top_p": 0.5, "top_k": 40,
        "max_tokens": 10, "max_completion_tokens": 20, "stop": "END", "user": "u", "safety_identifier": "s",
        "stream": true, "stream_options": {"include_usage": true}, "n": 1, "modalities": ["text"],
        "frequency_penalty": 0, "logprobs": false, "store": null, "metadata": {}, "router": {"weight": 1.50},
    }))
    .unwrap();
    let asked = &inbound.conversation;
    assert_eq!(asked.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["f", "g"]);
    assert_eq!(asked.tools[0].parameters.to_string(), r#"{"z":1,"a":2}"#);
    assert_eq!((asked.tools[0].strict, asked.tools[1].cache), (Some(true), Some(CacheMark::Default)));
    assert_eq!((&asked.tool_choice, asked.parallel_tool_calls), (&ToolChoice::Named("g".into()), Some(false)));
    assert!(
        matches!(&asked.response_format, Some(ResponseFormat::JsonSchema { name: Some(name), strict: Some(true), .. }) if name == "n")
    );
    assert_eq!(asked.effort, Some(Effort::Xhigh));
    assert_eq!(
        (asked.sampling.temperature, asked.sampling.top_p, asked.sampling.top_k),
        (Some(2.0), Some(0.5), Some(40))
    );
    assert_eq!((asked.max_output, asked.stop.as_slice()), (Some(Tokens(20)), ["END".to_owned()].as_slice()));
    assert_eq!(asked.user.as_deref(), Some("s"));
    assert!(inbound.stream && inbound.include_usage);
    assert_eq!(uncarried(&inbound), ["user"]);
    let [(name, value)] = inbound.ours.as_slice() else { panic!("{:?}", inbound.ours) };
    assert_eq!((name.as_str(), value.text()), ("router", r#"{"weight":1.5}"#));

    let inbound =
        with(json!({"reasoning": {"effort": "low", "max_tokens": 9}, "max_tokens": 3, "stop": ["a", "b"]})).unwrap();
    assert_eq!((inbound.conversation.effort, inbound.conversation.max_output), (Some(Effort::Low), Some(Tokens(3))));
    assert_eq!(uncarried(&inbound), ["reasoning.max_tokens"]);
    assert!(!inbound.stream && !inbound.include_usage);
}

#[test]
fn what_no_conversation_carries_is_named() {
    let custom = json!({"type": "custom", "custom": {"name": "c"}});
    for (fields, names) in [
        (
            json!({"seed": 1, "logit_bias": {"5": 1}, "logprobs": true, "whatever": 0}),
            vec!["seed", "logit_bias", "logprobs", "whatever"],
        ),
        (json!({"n": 2}), vec!["!n"]),
        (json!({"modalities": ["text", "audio"], "audio": {"voice": "x"}}), vec!["!modalities", "!audio"]),
        (json!({"web_search_options": {}}), vec!["!web_search_options"]),
        (json!({"tools": [custom], "tool_choice": "required"}), vec!["!tools.custom"]),
        (
            json!({"tools": [custom], "tool_choice": {"type": "custom", "custom": {"name": "c"}}}),
            vec!["!tools.custom", "!tool_choice"],
        ),
        (json!({"functions": [{"name": "f"}], "function_call": {"name": "f"}}), vec!["!functions"]),
        (json!({"response_format": {"type": "grammar", "grammar": "x"}}), vec!["!response_format"]),
        (json!({"top_k": -1}), vec!["top_k"]),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]}),
            vec!["!messages.content.input_audio"],
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}, {"type": "video_url"}]}]}),
            vec!["!messages.content.file.file_id", "!messages.content.type"],
        ),
    ] {
        let inbound = with(fields.clone()).unwrap_or_else(|error| panic!("{fields}: {error}"));
        assert_eq!(uncarried(&inbound), names, "{fields}");
    }
}

#[test]
fn a_choice_among_some_tools_leaves_the_others_out() {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [tool("b")]}});
    for (mode, choice) in [("auto", ToolChoice::Auto), ("required", ToolChoice::Required)] {
        let inbound = with(json!({"tools": [tool("a"), tool("b")], "tool_choice": allowed(mode)})).unwrap();
        assert_eq!(inbound.conversation.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!((inbound.conversation.tool_choice, inbound.uncarried.len()), (choice, 0));
    }
}

#[test]
fn faults_are_named_as_openai_names_them() {
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let called = |call: Value| json!({"messages": [{"role": "assistant", "tool_calls": [call]}]});
    for (fields, field, code) in [
        (json!({"model": null}), "model", "missing_required_parameter"),
        (json!({"model": 1}), "model", "invalid_type"),
        (json!({"model": ""}), "model", "invalid_value"),
        (json!({"messages": null}), "messages", "missing_required_parameter"),
        (json!({"messages": "Hi"}), "messages", "invalid_type"),
        (json!({"messages": []}), "messages", "invalid_value"),
        (json!({"messages": ["Hi"]}), "messages[0]", "invalid_type"),
        (json!({"messages": [{"content": "Hi"}]}), "messages[0].role", "missing_required_parameter"),
        (json!({"messages": [{"role": "robot", "content": "Hi"}]}), "messages[0].role", "invalid_value"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content", "missing_required_parameter"),
        (
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "messages[0].tool_call_id",
            "missing_required_parameter",
        ),
        (user(json!(1)), "messages[0].content", "invalid_type"),
        (user(json!([{"text": "x"}])), "messages[0].content[0].type", "missing_required_parameter"),
        (user(json!([{"type": "text"}])), "messages[0].content[0].text", "missing_required_parameter"),
        (user(json!([{"type": "image_url", "image_url": "x"}])), "messages[0].content[0].image_url", "invalid_type"),
        (
            user(json!([{"type": "image_url", "image_url": {}}])),
            "messages[0].content[0].image_url.url",
            "missing_required_parameter",
        ),
        (
            user(json!([{"type": "file", "file": {}}])),
            "messages[0].content[0].file.file_data",
            "missing_required_parameter",
        ),
        (
            called(json!({"function": {"name": "f", "arguments": "{}"}})),
            "messages[0].tool_calls[0].id",
            "missing_required_parameter",
        ),
        (
            called(json!({"id": "1", "function": {"name": "f", "arguments": {}}})),
            "messages[0].tool_calls[0].function.arguments",
            "invalid_type",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}),
            "tools[0].function.parameters",
            "invalid_type",
        ),
        (json!({"tools": [{"type": "function"}]}), "tools[0].function", "missing_required_parameter"),
        (json!({"tool_choice": "required"}), "tool_choice", "invalid_value"),
        (json!({"tool_choice": "sometimes"}), "tool_choice", "invalid_value"),
        (
            json!({"response_format": {"type": "json_schema"}}),
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (json!({"reasoning_effort": "hard"}), "reasoning_effort", "invalid_value"),
        (json!({"temperature": 2.1}), "temperature", "invalid_value"),
        (json!({"temperature": "1"}), "temperature", "invalid_type"),
        (json!({"top_p": -0.1}), "top_p", "invalid_value"),
        (json!({"max_tokens": 0}), "max_tokens", "invalid_value"),
        (json!({"max_completion_tokens": 1.5}), "max_completion_tokens", "invalid_value"),
        (json!({"stop": [1]}), "stop[0]", "invalid_type"),
        (json!({"stream": "yes"}), "stream", "invalid_type"),
        (json!({"stream_options": true}), "stream_options", "invalid_type"),
        (json!({"n": 0}), "n", "invalid_value"),
    ] {
        let error = with(fields.clone()).expect_err(&fields.to_string());
        assert_eq!((error.field(), error.code()), (Some(field), Some(code)), "{fields}");
        assert!(error.to_string().contains(&format!("'{field}'")), "{error}");
    }
    for body in ["", "[]", "{", "null", "{\"model\":\"a\"} x"] {
        let error = decode_request(body.as_bytes(), OURS).unwrap_err();
        assert_eq!((error.field(), error.code()), (None, None), "{body}");
    }
}

#[test]
fn a_field_given_twice_is_refused() {
    let body = r#"{"model":"cheap","messages":[{"role":"user","content":"x"}],"mod\u0065l":"dear"}"#;
    assert_eq!(decode_request(body.as_bytes(), OURS).unwrap_err().field(), Some("model"));
}

#[test]
fn a_field_in_other_letters_is_refused() {
    // For some servers each of these is the field, and the last one counts.
    for name in ["Model", "MODEL", "meſsages", "maX_tokens", "ſtream", "top_\u{212A}", "Router"] {
        let body = format!(r#"{{"model":"a","messages":[{{"role":"user","content":"x"}}],"{name}":"b"}}"#);
        let error = decode_request(body.as_bytes(), &["router"]).unwrap_err();
        assert!(error.to_string().contains("must be written"), "{name}: {error}");
    }
    assert!(with(json!({"models": ["b"], "modeł": 1})).is_ok(), "another field");
}

#[test]
fn deep_nesting_is_an_error_or_passes() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body =
        |field: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"{field}":{deep}}}"#);
    // Nobody looks into what is not read.
    assert_eq!(uncarried(&decode_request(body("unknown").as_bytes(), OURS).unwrap()), ["unknown"]);
    assert_eq!(decode_request(body("stop").as_bytes(), OURS).unwrap_err().field(), Some("stop"));
}

#[test]
fn recorded_requests_are_read() {
    let Some(root) = recordings() else { return };
    let requests = crate::given::recorded_chat_requests(&root);
    assert!(requests.len() >= 20, "{}", requests.len());
    for (name, request) in requests {
        let inbound = read(&request).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(json!(inbound.model), request["model"], "{name}");
        assert_eq!(inbound.conversation.messages.len(), request["messages"].as_array().unwrap().len(), "{name}");
        let tools = request["tools"].as_array().map_or(0, Vec::len);
        assert_eq!(inbound.conversation.tools.len(), tools, "{name}");
        assert_eq!(inbound.stream, request["stream"] == true, "{name}");
    }
}
