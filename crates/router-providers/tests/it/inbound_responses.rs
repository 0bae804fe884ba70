//! Responses requests as callers write them.

use proptest::prelude::*;
use router_core::conversation::{Content, Effort, Part, ResponseFormat, Role, Source, ToolChoice};
use router_core::usage::Tokens;
use router_providers::inbound::Inbound;
use router_providers::openai_responses::decode_request;
use router_providers::request_error::RequestError;
use serde_json::{Value, json};

use crate::given::{json_of, recordings, text, tool_call, tool_result, turn};

/// A request with these fields beside a model and an input.
fn with(fields: Value) -> Result<Inbound, RequestError> {
    let mut body = json!({"model": "auto", "input": "Hello"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    decode_request(body.to_string().as_bytes(), &["router"])
}

/// The names of what is not carried, essential ones with a mark.
fn uncarried(inbound: &Inbound) -> Vec<String> {
    inbound.uncarried.iter().map(|lost| format!("{}{}", if lost.essential { "!" } else { "" }, lost.field)).collect()
}

#[test]
fn items_become_turns_and_what_the_assistant_says_is_one() {
    let inbound = with(json!({"instructions": "Be brief.", "input": [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "Look"},
            {"type": "input_image", "image_url": "https://a.example/b.png", "detail": "low"},
            {"type": "input_file", "filename": "c.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        ]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "llm-router.signature:sig", "status": "completed"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "commentary", "content": [
            {"type": "output_text", "text": "Yes.", "annotations": [], "logprobs": []},
            {"type": "refusal", "refusal": "No."},
        ]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{\"b\": 1}", "status": "completed"},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "Sun"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Rain"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "llm-router.redacted:data"},
        {"role": "assistant", "content": "Well."},
    ]}))
    .unwrap();
    let image = Content::Image { source: Source::Url("https://a.example/b.png".into()), detail: Some("low".into()) };
    let file = Content::Document {
        source: Source::Url("data:application/pdf;base64,AAAA".into()),
        name: Some("c.pdf".into()),
    };
    let thought = Content::Reasoning { text: "Hm.".into(), signature: Some("sig".into()) };
    let (one, two) = (tool_call("c1", "look", "{\"b\": 1}"), tool_call("c2", "look", "{}"));
    let expected = [
        turn(Role::System, vec![text("Be brief.")]),
        turn(Role::System, vec![text("Be kind.")]),
        turn(Role::User, vec![text("Look"), image, file]),
        turn(Role::Assistant, vec![thought, text("Yes."), Content::Refusal("No.".into()), one, two]),
        turn(Role::Tool, vec![tool_result("c1", vec![text("Sun")])]),
        turn(Role::Tool, vec![tool_result("c2", vec![text("Rain")])]),
        turn(Role::Assistant, vec![Content::RedactedReasoning("data".into()), text("Well.")]),
    ];
    assert_eq!(inbound.conversation.messages, expected);
    assert_eq!(uncarried(&inbound), [""; 0]);
}

#[test]
fn every_field_is_carried() {
    let inbound = with(json!({
        "tools": [{"type": "function", "name": "a", "description": "d", "parameters": {"type": "object"}, "strict": true}],
        "tool_choice": {"type": "function", "name": "a"}, "parallel_tool_calls": false,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true}, "verbosity": "medium"},
        "reasoning": {"effort": "high", "summary": "auto"}, "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 9,
        "safety_identifier": "u", "stream": true, "store": false, "include": ["reasoning.encrypted_content"],
        "truncation": "disabled", "service_tier": "auto", "metadata": {}, "stream_options": {"include_obfuscation": false},
    }))
    .unwrap();
    let asked = &inbound.conversation;
    assert_eq!(
        (asked.max_output, asked.effort, asked.user.as_deref()),
        (Some(Tokens(9)), Some(Effort::High), Some("u"))
    );
    assert_eq!(
        (asked.sampling.temperature, asked.sampling.top_p, asked.parallel_tool_calls),
        (Some(0.5), Some(0.9), Some(false))
    );
    assert_eq!((asked.tools[0].name.as_str(), asked.tools[0].strict), ("a", Some(true)));
    assert_eq!(asked.tool_choice, ToolChoice::Named("a".into()));
    let schema = json!({"type": "object"});
    let format = ResponseFormat::JsonSchema { name: Some("n".into()), schema, strict: Some(true) };
    assert_eq!(asked.response_format, Some(format));
    assert!(inbound.stream && inbound.include_usage);
    assert_eq!(uncarried(&inbound), [""; 0]);
}

#[test]
fn some_of_the_tools_may_be_called() {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {}});
    let choice = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "b"}]});
    let inbound = with(json!({"tools": [tool("a"), tool("b")], "tool_choice": choice})).unwrap();
    let names: Vec<&str> = inbound.conversation.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!((names, &inbound.conversation.tool_choice), (vec!["b"], &ToolChoice::Required));
}

#[test]
fn what_has_no_place_is_named() {
    for (fields, lost) in [
        (json!({"previous_response_id": "r"}), &["!previous_response_id"][..]),
        (json!({"conversation": "c", "prompt": {"id": "p"}}), &["!conversation", "!prompt"]),
        (json!({"background": true, "store": true}), &["!background", "store"]),
        (json!({"background": false, "previous_response_id": null}), &[]),
        (
            json!({"truncation": "auto", "text": {"verbosity": "low"}, "new": 1}),
            &["truncation", "new", "text.verbosity"],
        ),
        (json!({"include": ["message.output_text.logprobs"]}), &["include.message.output_text.logprobs"]),
        (json!({"reasoning": {"effort": "low", "mode": "x"}}), &["reasoning.mode"]),
        (json!({"tools": [{"type": "web_search"}], "tool_choice": "required"}), &["!tools.type"]),
        (json!({"tools": [{"type": "function", "name": "a"}], "tool_choice": {"type": "mcp"}}), &["!tool_choice"]),
        (json!({"input": [{"type": "item_reference", "id": "x"}]}), &["!input.type"]),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}),
            &["!input.content.type"],
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}),
            &["!input.content.file_id"],
        ),
        (
            json!({"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}]}),
            &["input.encrypted_content"],
        ),
        (json!({"text": {"format": {"type": "grammar"}}}), &["!text.format.type"]),
    ] {
        let inbound = with(fields.clone()).unwrap_or_else(|error| panic!("{fields}: {error}"));
        assert_eq!(uncarried(&inbound), lost, "{fields}");
    }
}

#[test]
fn faults_name_the_field() {
    for (fields, field) in [
        (json!({"model": ""}), "model"),
        (json!({"input": null}), "input"),
        (json!({"input": []}), "input"),
        (json!({"input": 7}), "input"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (json!({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}), "input[0].content[0].text"),
        (json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}), "input[0].content[0].image_url"),
        (json!({"input": [{"type": "function_call", "name": "a", "arguments": "{}"}]}), "input[0].call_id"),
        (json!({"input": [{"type": "function_call_output", "call_id": "a"}]}), "input[0].output"),
        (json!({"instructions": 7}), "instructions"),
        (json!({"tools": [{"name": "a"}]}), "tools[0].type"),
        (json!({"tools": [{"type": "function", "name": "a", "parameters": []}]}), "tools[0].parameters"),
        (json!({"tool_choice": "some"}), "tool_choice"),
        (json!({"tool_choice": {"type": "function", "name": "a"}}), "tool_choice"),
        (json!({"text": {"format": {"type": "json_schema"}}}), "text.format.schema"),
        (json!({"reasoning": {"effort": "much"}}), "reasoning.effort"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"max_output_tokens": 0}), "max_output_tokens"),
        (json!({"Input": "x"}), "Input"),
    ] {
        let error = with(fields.clone()).expect_err(&fields.to_string());
        assert_eq!(error.field(), Some(field), "{fields}: {error}");
    }
}

#[test]
fn recorded_requests_are_read() {
    let Some(root) = recordings() else { return };
    let mut seen = 0;
    for (folder, file) in [
        ("openai/nonstream", "responses-cache-read.json"),
        ("openai/nonstream", "responses-json-schema.json"),
        ("openai/nonstream", "responses-parallel-tools.json"),
        ("openai/stream", "responses-tool-call.json"),
        ("local-llamacpp", "responses.json"),
    ] {
        let recorded = json_of(&std::fs::read(root.join(folder).join(file)).unwrap());
        let body = &recorded["request"]["body"];
        if !body["model"].is_string() {
            continue;
        }
        let inbound =
            decode_request(body.to_string().as_bytes(), &[]).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!inbound.uncarried.iter().any(|lost| lost.essential), "{file}: {:?}", inbound.uncarried);
        assert!(inbound.conversation.messages.iter().any(|message| message.parts != Vec::<Part>::new()), "{file}");
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} requests");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(decode_request(&bytes, &[]).is_err());
    }
}
