//! Messages requests as callers write them.

use proptest::prelude::*;
use router_core::conversation::{
    CacheMark, Content, Conversation, Effort, Message, Part, ResponseFormat, Role, Source, Tool, ToolChoice,
};
use router_core::usage::Tokens;
use router_providers::anthropic_messages::{self, decode_count_request, decode_request};
use router_providers::inbound::Inbound;
use router_providers::openai_chat::{self, Flavour};
use router_providers::request_error::RequestError;
use serde_json::{Value, json};

use crate::given::{call, json_of, marked, model, recordings, text, tool_call, tool_result, turn};

fn read(body: &Value) -> Result<Inbound, RequestError> {
    decode_request(body.to_string().as_bytes(), &["router"])
}

/// A request with these fields beside a model, a limit and a message.
fn with(fields: Value) -> Result<Inbound, RequestError> {
    let mut body = json!({"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    read(&body)
}

fn said(messages: Value) -> Result<Inbound, RequestError> {
    with(json!({"messages": messages}))
}

/// The names of what is not carried, essential ones with a mark.
fn uncarried(inbound: &Inbound) -> Vec<String> {
    inbound.uncarried.iter().map(|lost| format!("{}{}", if lost.essential { "!" } else { "" }, lost.field)).collect()
}

#[test]
fn every_block_becomes_a_part() {
    let inbound = said(json!([
        {"role": "user", "content": [
            {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
            {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "document", "title": "T", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
        ]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "redacted_thinking", "data": "r"},
            {"type": "text", "text": "Yes."},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"b": 1, "a": 2}, "caller": {"type": "direct"}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [
                {"type": "text", "text": "No", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            ]},
            {"type": "tool_result", "tool_use_id": "t2"},
        ]},
        {"role": "system", "content": "Be brief."},
    ]))
    .unwrap();
    let base64 = |media_type: &str, data: &str| Source::Base64 { media_type: media_type.into(), data: data.into() };
    let image = |source| Content::Image { source, detail: None };
    let failed =
        Content::ToolResult { call_id: "t1".into(), parts: vec![marked(text("No"), CacheMark::Long)], is_error: true };
    let document = |source, name: Option<&str>| Content::Document { source, name: name.map(Into::into) };
    let mut first = turn(
        Role::User,
        vec![
            text("Look"),
            image(Source::Url("https://a.example/b.png".into())),
            image(base64("image/png", "AAAA")),
            document(base64("application/pdf", "BBBB"), Some("T")),
            document(base64("text/plain", "aGk="), None),
        ],
    );
    first.parts[0].cache = Some(CacheMark::Default);
    let thought = Content::Reasoning { text: "Hm.".into(), signature: Some("s".into()) };
    let called = tool_call("t1", "look", r#"{"b":1,"a":2}"#);
    let expected = [
        first,
        turn(Role::Assistant, vec![thought, Content::RedactedReasoning("r".into()), text("Yes."), called]),
        turn(Role::User, vec![failed, tool_result("t2", vec![])]),
        turn(Role::System, vec![text("Be brief.")]),
    ];
    assert_eq!(inbound.conversation.messages, expected);
    assert_eq!(uncarried(&inbound), [""; 0]);
}

#[test]
fn every_field_is_carried() {
    let inbound = with(json!({
        "system": [{"type": "text", "text": "Be kind."}], "stream": true, "stop_sequences": ["\n\n"],
        "temperature": 0.5, "top_p": 0.9, "top_k": 0, "metadata": {"user_id": "u"}, "cache_control": {"type": "ephemeral"},
        "tools": [{"name": "a", "description": "d", "input_schema": {"type": "object"}, "strict": true,
            "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tool_choice": {"type": "tool", "name": "a", "disable_parallel_tool_use": true},
        "output_config": {"effort": "xhigh", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "thinking": {"type": "adaptive", "display": "summarized"}, "service_tier": "auto", "router": {"x": 1},
    }))
    .unwrap();
    let asked = &inbound.conversation;
    assert_eq!(asked.messages[0], turn(Role::System, vec![text("Be kind.")]));
    assert_eq!(asked.messages[1].parts, [marked(text("Hello"), CacheMark::Default)]);
    assert_eq!((asked.max_output, asked.stop.as_slice()), (Some(Tokens(9)), ["\n\n".to_owned()].as_slice()));
    let sampling = asked.sampling;
    assert_eq!((sampling.temperature, sampling.top_p, sampling.top_k), (Some(0.5), Some(0.9), Some(0)));
    assert_eq!(
        (asked.user.as_deref(), asked.effort, asked.parallel_tool_calls),
        (Some("u"), Some(Effort::Xhigh), Some(false))
    );
    let tool = Tool {
        name: "a".into(),
        description: Some("d".into()),
        parameters: json!({"type": "object"}),
        strict: Some(true),
        cache: Some(CacheMark::Long),
    };
    assert_eq!((asked.tools.as_slice(), &asked.tool_choice), ([tool].as_slice(), &ToolChoice::Named("a".into())));
    let schema = json!({"type": "object"});
    assert_eq!(asked.response_format, Some(ResponseFormat::JsonSchema { name: None, schema, strict: Some(true) }));
    assert!(inbound.stream && inbound.include_usage && inbound.model == "auto");
    assert_eq!(inbound.ours[0].0, "router");
    assert_eq!(uncarried(&inbound), [""; 0]);
}

#[test]
fn thinking_becomes_effort() {
    for (fields, effort, lost) in [
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 1_024}}),
            Some(Effort::Low),
            &["thinking.budget_tokens"][..],
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 2_048}}),
            Some(Effort::Medium),
            &["thinking.budget_tokens"],
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 32_000}}),
            Some(Effort::High),
            &["thinking.budget_tokens"],
        ),
        (json!({"thinking": {"type": "disabled"}}), Some(Effort::None), &[]),
        (json!({"thinking": {"type": "adaptive", "display": "omitted"}}), None, &["thinking.display"]),
        (
            json!({"thinking": {"type": "between_tools"}, "output_config": {"effort": "max"}}),
            Some(Effort::Max),
            &["thinking.type"],
        ),
        (json!({"output_config": {"effort": "low"}}), Some(Effort::Low), &[]),
        (json!({}), None, &[]),
    ] {
        let inbound = with(fields.clone()).unwrap();
        assert_eq!(inbound.conversation.effort, effort, "{fields}");
        assert_eq!(uncarried(&inbound), lost, "{fields}");
    }
}

#[test]
fn what_has_no_place_is_named() {
    for (fields, lost) in [
        (
            json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}}),
            &["!tools.type"][..],
        ),
        (json!({"mcp_servers": [{"name": "x"}], "container": "c"}), &["!mcp_servers", "!container"]),
        (json!({"mcp_servers": [], "container": null, "diagnostics": {}}), &[]),
        (
            json!({"service_tier": "auto", "speed": "fast", "context_management": {"edits": [1]}}),
            &["speed", "context_management"],
        ),
        (json!({"max_tokens": 0}), &["!max_tokens"]),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "server_tool_use", "id": "x"}]}]}),
            &["!messages.content.type"],
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]}),
            &["!messages.content.source.file_id"],
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "citations": [1]}], "new": 1}]}),
            &["messages.content.citations", "messages.new"],
        ),
        (
            json!({"tools": [{"name": "a", "input_schema": {}, "defer_loading": true, "eager_input_streaming": true}]}),
            &["tools.defer_loading"],
        ),
    ] {
        let inbound = with(fields.clone()).unwrap_or_else(|error| panic!("{fields}: {error}"));
        assert_eq!(uncarried(&inbound), lost, "{fields}");
    }
}

#[test]
fn faults_name_the_field() {
    for (fields, field) in [
        (json!({"max_tokens": null}), "max_tokens"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"max_tokens": "9"}), "max_tokens"),
        (json!({"model": ""}), "model"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "tool_use", "id": "1", "name": "a", "input": {}}]}]}),
            "messages[0].content[0].type",
        ),
        (
            json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "a", "input": "{}"}]}]}),
            "messages[0].content[0].input",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": ""}}]}]}),
            "messages[0].content[0].source.media_type",
        ),
        (json!({"system": [{"type": "image", "source": {"type": "url", "url": "u"}}]}), "system[0].type"),
        (json!({"temperature": 1.5}), "temperature"),
        (json!({"stop_sequences": "x"}), "stop_sequences"),
        (json!({"tools": [{"name": "a"}]}), "tools[0].input_schema"),
        (json!({"tool_choice": {"type": "tool", "name": "a"}}), "tool_choice"),
        (json!({"tool_choice": {"type": "some"}}), "tool_choice.type"),
        (json!({"thinking": {"type": "enabled"}}), "thinking.budget_tokens"),
        (json!({"thinking": {"type": "deep"}}), "thinking.type"),
        (json!({"output_config": {"effort": "minimal"}}), "output_config.effort"),
        (json!({"output_config": {"format": {"type": "json_schema"}}}), "output_config.format.schema"),
        (json!({"metadata": {"user_id": 7}}), "metadata.user_id"),
        (json!({"Messages": []}), "Messages"),
    ] {
        let error = with(fields.clone()).expect_err(&fields.to_string());
        assert_eq!(error.field(), Some(field), "{fields}: {error}");
    }
    assert_eq!(decode_request(b"[]", &[]).unwrap_err().field(), None);
}

#[test]
fn a_count_needs_no_limit() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(decode_count_request(body, &[]).unwrap().conversation.max_output, None);
    assert_eq!(decode_request(body, &[]).unwrap_err().field(), Some("max_tokens"));
}

/// What was recorded of callers is read; what is written of it anew is the same where nothing is named as lost.
#[test]
fn recorded_requests_are_read() {
    let Some(root) = recordings() else { return };
    let mut seen = 0;
    for kind in ["nonstream", "stream", "errors"] {
        for file in std::fs::read_dir(root.join("anthropic").join(kind)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let recorded = json_of(&std::fs::read(&path).unwrap());
            let body = &recorded["request"]["body"];
            if !body["messages"].is_array() {
                continue;
            }
            let read = decode_count_request(body.to_string().as_bytes(), &[]);
            let read = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let named = model(body["model"].as_str().unwrap());
            let encoded = anthropic_messages::encode(&call(&named, &read.conversation)).unwrap();
            let again = decode_request(&encoded.body, &[]).unwrap().conversation;
            if read.uncarried.is_empty() && encoded.dropped.is_empty() {
                let wanted = Conversation { max_output: again.max_output, ..read.conversation };
                assert_eq!(merged(again), merged(wanted), "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "only {seen} recordings");
}

/// Neighbours of one role are one turn to the API.
fn merged(mut conversation: Conversation) -> Conversation {
    conversation.messages.dedup_by(|later, earlier| {
        let same = later.role == earlier.role;
        if same {
            earlier.parts.append(&mut later.parts);
        }
        same
    });
    conversation
}

/// What both dialects say, in one form: chat has turns of its own for results, no word for a tool's failure but text, one string
/// for what is said beside calls, and names for schemas and documents.
fn bare(asked: Conversation, without_reasoning: bool, without_marks: bool) -> Conversation {
    let mut messages: Vec<Message> = Vec::new();
    for message in asked.messages {
        let mut said = Vec::new();
        for mut part in message.parts {
            part.cache = part.cache.filter(|_| !without_marks);
            match part.content {
                Content::ToolResult { call_id, parts, is_error } => {
                    let words = router_core::conversation::visible_text(&parts);
                    let words = if is_error { format!("Error: {words}") } else { words };
                    messages.push(turn(Role::Tool, vec![tool_result(&call_id, vec![text(&words)])]));
                }
                Content::Reasoning { .. } | Content::RedactedReasoning(_) if without_reasoning => {}
                Content::Document { source, .. } => {
                    said.push(Part {
                        content: Content::Document { source: as_url(&source), name: None },
                        cache: part.cache,
                    });
                }
                Content::Image { source, detail } => {
                    said.push(Part { content: Content::Image { source: as_url(&source), detail }, cache: part.cache });
                }
                content => said.push(Part { content, cache: part.cache }),
            }
        }
        if message.role == Role::Assistant {
            // Reasoning, then text, then calls.
            said.sort_by_key(|part| match part.content {
                Content::Reasoning { .. } | Content::RedactedReasoning(_) => 0,
                Content::ToolCall(_) => 2,
                _ => 1,
            });
            said.dedup_by(|later, earlier| match (&mut earlier.content, &later.content) {
                (Content::Text(text), Content::Text(more)) => {
                    text.push_str(more);
                    true
                }
                _ => false,
            });
        }
        if !said.is_empty() {
            messages.push(Message { role: message.role, parts: said });
        }
    }
    let response_format = asked.response_format.map(|format| match format {
        ResponseFormat::JsonSchema { schema, strict, .. } => ResponseFormat::JsonSchema { name: None, schema, strict },
        other => other,
    });
    let parallel_tool_calls = asked.parallel_tool_calls.filter(|_| !asked.tools.is_empty());
    Conversation { messages, response_format, parallel_tool_calls, effort: None, stop: Vec::new(), ..asked }
}

fn as_url(source: &Source) -> Source {
    match source {
        Source::Url(url) => Source::Url(url.clone()),
        Source::Base64 { media_type, data } => Source::Url(format!("data:{media_type};base64,{data}")),
    }
}

fn word() -> impl Strategy<Value = String> {
    "[a-zäß€ ]{0,6}[a-z0-9_]{1,6}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-]{1,20}"
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        "https://[a-z]{1,8}\\.example/[a-z]{0,5}".prop_map(Source::Url),
        "[A-Za-z0-9]{4}".prop_map(|data| Source::Base64 { media_type: "image/png".into(), data }),
    ]
}

/// What a user says, results of tools first.
fn of_user() -> impl Strategy<Value = Vec<Content>> {
    let result = (name(), prop::collection::vec(word().prop_map(Content::Text), 0..2), any::<bool>());
    let result = result.prop_map(|(call_id, contents, is_error)| Content::ToolResult {
        call_id,
        parts: contents.into_iter().map(Part::from).collect(),
        is_error,
    });
    let pdf = |data| Source::Base64 { media_type: "application/pdf".into(), data };
    let said = prop_oneof![
        word().prop_map(Content::Text),
        source().prop_map(|source| Content::Image { source, detail: None }),
        ("[A-Za-z0-9]{4}", prop::option::of(word()))
            .prop_map(move |(data, name)| Content::Document { source: pdf(data), name }),
    ];
    (prop::collection::vec(result, 0..2), prop::collection::vec(said, 1..3))
        .prop_map(|(results, said)| results.into_iter().chain(said).collect())
}

fn of_assistant() -> impl Strategy<Value = Vec<Content>> {
    let thought = prop_oneof![
        (word(), word()).prop_map(|(text, signature)| Content::Reasoning { text, signature: Some(signature) }),
        word().prop_map(Content::RedactedReasoning),
    ];
    let call =
        (name(), name(), word()).prop_map(|(id, tool, value)| tool_call(&id, &tool, &json!({"k": value}).to_string()));
    let rest = prop_oneof![word().prop_map(Content::Text), call];
    (prop::option::of(thought), prop::collection::vec(rest, 1..3))
        .prop_map(|(thought, rest)| thought.into_iter().chain(rest).collect())
}

prop_compose! {
    /// Everything that a conversation and this dialect both can say.
    fn conversation()(
        system in prop::option::of(word()),
        turns in prop::collection::vec((of_user(), of_assistant()), 0..3),
        last in of_user(),
        mark in prop::option::of(prop_oneof![Just(CacheMark::Default), Just(CacheMark::Long)]),
        names in prop::collection::btree_set(name(), 0..3),
        description in prop::option::of(word()),
        strict in any::<Option<bool>>(),
        choice in 0..4_usize,
        parallel in prop::option::of(Just(false)),
        effort in prop::option::of(prop_oneof![
            Just(Effort::None), Just(Effort::Low), Just(Effort::Medium), Just(Effort::High), Just(Effort::Xhigh), Just(Effort::Max)
        ]),
        max_output in 1..32_000_u64,
        stop in prop::collection::vec(word(), 0..3),
        user in prop::option::of("[a-z0-9]{1,20}"),
        structured in any::<bool>(),
    ) -> Conversation {
        let mut messages: Vec<Message> = system.iter().map(|words| Message::text(Role::System, words)).collect();
        for (user, assistant) in turns {
            messages.push(turn(Role::User, user));
            messages.push(turn(Role::Assistant, assistant));
        }
        messages.push(turn(Role::User, last));
        messages.last_mut().unwrap().parts.last_mut().unwrap().cache = mark;
        let parameters = json!({"type": "object", "properties": {"k": {"type": "string"}}});
        let tools: Vec<Tool> = names
            .into_iter()
            .map(|name| Tool { name, description: description.clone(), parameters: parameters.clone(), strict, cache: None })
            .collect();
        let tool_choice = match (choice, tools.first()) {
            (1, Some(_)) => ToolChoice::None,
            (2, Some(_)) => ToolChoice::Required,
            (3, Some(tool)) => ToolChoice::Named(tool.name.clone()),
            _ => ToolChoice::Auto,
        };
        // Nobody calls tools side by side where none may be called.
        let parallel_tool_calls = parallel.filter(|_| !tools.is_empty() && tool_choice != ToolChoice::None);
        let schema = json!({"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"], "additionalProperties": false});
        Conversation {
            messages,
            tools,
            tool_choice,
            parallel_tool_calls,
            effort,
            max_output: Some(Tokens(max_output)),
            stop,
            user,
            response_format: structured.then_some(ResponseFormat::JsonSchema { name: None, schema, strict: Some(true) }),
            ..Conversation::default()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_what_was_meant(asked in conversation()) {
        let named = model("claude-opus-5");
        let encoded = anthropic_messages::encode(&call(&named, &asked)).unwrap();
        prop_assert_eq!(&encoded.dropped, &[""; 0]);
        let inbound = decode_request(&encoded.body, &[]).unwrap();
        prop_assert_eq!(uncarried(&inbound), [""; 0]);
        prop_assert_eq!(inbound.conversation, asked);
    }

    /// From Messages to chat completions and back: what is not the same then is what the table of losses names.
    #[test]
    fn what_a_round_trip_over_chat_loses_is_named(asked in conversation()) {
        for flavour in [Flavour::OpenRouter, Flavour::Compatible] {
            let named = model("some-model");
            let Ok(encoded) = openai_chat::encode(&call(&named, &asked), flavour) else { continue };
            let inbound = openai_chat::decode_request(&encoded.body, &[]).unwrap();
            prop_assert_eq!(uncarried(&inbound), [""; 0]);
            let lost = |field: &str| encoded.dropped.iter().any(|dropped| dropped == field);
            prop_assert_eq!(
                bare(inbound.conversation, lost("reasoning") || lost("reasoning.signature"), lost("cache")),
                bare(asked.clone(), lost("reasoning") || lost("reasoning.signature"), lost("cache"))
            );
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(decode_request(&bytes, &[]).is_err());
    }
}
