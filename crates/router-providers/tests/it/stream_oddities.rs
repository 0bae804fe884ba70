//! Streams that nobody recorded: what imitations of the dialects write, in bodies of our own.

use std::time::Duration;

use router_core::conversation::Conversation;
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_providers::answer::{CallError, Spent};
use router_providers::openai_chat::stream::Asked;
use router_providers::{anthropic, anthropic_messages, openai, openai_chat};

use crate::given::{call, model, reported};
use crate::sockets::{Script, provider, respond, serve};
use crate::streamed::{Told, ask, replay};

fn lines(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn chat(events: &[&str]) -> (Told, Option<CallError>) {
    replay(openai_chat::stream::Decoder::new(None), lines(events).as_bytes(), usize::MAX)
}

fn messages(events: &[&str]) -> (Told, Option<CallError>) {
    replay(anthropic_messages::stream::Decoder::new(false), lines(events).as_bytes(), usize::MAX)
}

/// Chunks with these deltas, a finish and the end.
fn deltas(deltas: &[&str], finish: &str) -> (Told, Option<CallError>) {
    let mut events: Vec<_> =
        deltas.iter().map(|delta| format!(r#"{{"id":"c","choices":[{{"index":0,"delta":{delta}}}]}}"#)).collect();
    events.push(format!(r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"{finish}"}}]}}"#));
    chat(&events.iter().map(String::as_str).chain(["[DONE]"]).collect::<Vec<_>>())
}

fn calls(told: &Told) -> Vec<(&str, &str, &str)> {
    told.calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str())).collect()
}

#[test]
fn tool_calls_in_all_their_numberings() {
    let fragment = |fields: &str| format!(r#"{{"tool_calls":[{{{fields}}}]}}"#);
    let told = |fragments: &[&str]| {
        let fragments: Vec<_> = fragments.iter().map(|fields| fragment(fields)).collect();
        let (told, error) = deltas(&fragments.iter().map(String::as_str).collect::<Vec<_>>(), "stop");
        assert_eq!((error, told.finish), (None, Some(FinishReason::ToolCalls)));
        told
    };
    // Numbered from 1, and interleaved.
    let interleaved = told(&[
        r#""index":1,"id":"a","function":{"name":"f","arguments":""}"#,
        r#""index":2,"id":"b","function":{"name":"g","arguments":"{\"x\""}"#,
        r#""index":1,"function":{"arguments":"{}"}"#,
        r#""index":2,"function":{"arguments":":1}"}"#,
    ]);
    assert_eq!(calls(&interleaved), [("a", "f", "{}"), ("b", "g", "{\"x\":1}")]);
    // All with the number 0, or with none, each whole.
    for number in [r#""index":0,"#, ""] {
        let whole = told(&[
            &format!(r#"{number}"id":"a","function":{{"name":"f","arguments":"{{}}"}}"#),
            &format!(r#"{number}"id":"b","function":{{"name":"f","arguments":{{"x":1}}}}"#),
        ]);
        assert_eq!(calls(&whole), [("a", "f", "{}"), ("b", "f", "{\"x\":1}")]);
    }
    // Id and name with every fragment; an id that changes, without the name; a name that comes late; nothing but a name.
    let repeated = told(&[
        r#""index":0,"id":"a","function":{"name":"f","arguments":"{"}"#,
        r#""index":0,"id":"a","function":{"name":"f","arguments":"}"}"#,
    ]);
    assert_eq!(calls(&repeated), [("a", "f", "{}")]);
    let changing = told(&[
        r#""index":0,"id":"a","function":{"name":"f","arguments":"{"}"#,
        r#""index":0,"id":"z","function":{"arguments":"}"}"#,
    ]);
    assert_eq!(calls(&changing), [("a", "f", "{}")]);
    let late =
        told(&[r#""index":0,"function":{"arguments":"{"}"#, r#""index":0,"function":{"name":"f","arguments":"}"}"#]);
    assert_eq!(calls(&late), [("call_c_0", "f", "{}")]);
    assert_eq!(calls(&told(&[r#""index":0,"id":"a","function":{"name":"f"}"#])), [("a", "f", "{}")]);
}

#[test]
fn text_and_thought_in_all_their_spellings() {
    let (told, error) = deltas(
        &[
            r#"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}"#,
            r#"{"role":"assistant","content":[{"type":"text","text":"x"}]}"#,
            r#"{"role":"assistant","content":null,"reasoning_content":"b","tool_calls":null,"audio":null}"#,
            r#"{"reasoning":"c","reasoning_details":[{"type":"reasoning.text","text":"c","signature":"s"}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"d"}]}"#,
            r#"{"content":"y","refusal":"no"}"#,
            r#"{"audio":{"data":"AA"}}"#,
            "null",
        ],
        "eos",
    );
    assert_eq!((error, told.finish), (None, Some(FinishReason::Stop)));
    assert_eq!((told.reasoning.as_str(), told.text.as_str(), told.refusal.as_str()), ("abc", "xy", "no"));
    assert_eq!((told.signatures, told.redacted, told.others), (vec!["s".to_owned()], vec!["d".to_owned()], 1));
}

#[test]
fn what_ends_badly_is_an_error() {
    const BEGUN: &str =
        r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let known = Spent::Known(reported(3, 0, [0, 0], 1, 0));
    for (event, kind) in [
        (r#"{"object":"error","message":"maximum context length","code":400}"#, ErrorKind::ContextTooLong),
        (r#"{"error":{"message":"x","type":"server_error"}}"#, ErrorKind::ServerError),
        (r#"{"error":{"message":"x","code":429}}"#, ErrorKind::RateLimited),
        (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#, ErrorKind::Malformed),
        (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#, ErrorKind::Malformed),
        ("[DONE]", ErrorKind::Malformed),
        ("{", ErrorKind::Malformed),
        (r#"{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}"#, ErrorKind::Malformed),
    ] {
        let (told, error) = chat(&[BEGUN, event]);
        let error = error.unwrap();
        assert_eq!((error.kind, error.spent, told.text.as_str()), (kind, known, "a"), "{event} {}", error.message);
    }
    const START: &str =
        r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":3,"output_tokens":1}}}"#;
    for (event, kind) in [
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, ErrorKind::Overloaded),
        (r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#, ErrorKind::Malformed),
        (r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}"#, ErrorKind::Malformed),
        (r#"{"type":"message_stop"}"#, ErrorKind::Malformed),
        (START, ErrorKind::Malformed),
    ] {
        let error = messages(&[START, event]).1.unwrap();
        assert_eq!((error.kind, error.spent), (kind, known), "{event}");
    }
}

#[test]
fn several_choices_are_whole_together() {
    let chunk = |index: u64, finish: &str| {
        format!(r#"{{"choices":[{{"index":{index},"delta":{{"content":"{index}"}},"finish_reason":{finish}}}]}}"#)
    };
    let events = [chunk(0, "\"stop\""), chunk(1, "null"), chunk(1, "\"length\"")];
    let asked = Asked::of(br#"{"n":2,"stream_options":{"include_usage":true}}"#);
    assert_eq!(asked, Asked { usage: true, choices: 2 });
    for (end, whole) in [(3, true), (2, false), (1, true)] {
        let text = lines(&events[..end].iter().map(String::as_str).collect::<Vec<_>>());
        let (told, error) = replay(openai_chat::stream::Decoder::new(Some(asked)), text.as_bytes(), usize::MAX);
        assert_eq!((error.is_none(), told.finish.is_some()), (whole, whole), "{end}");
        assert_eq!((told.text.as_str(), told.others, told.originals.len()), ("0", end - 1, end));
    }
}

#[tokio::test]
async fn json_in_place_of_a_stream_is_read_as_what_it_is() {
    const JSON: &str = "content-type: application/json; charset=utf-8\r\n";
    const CHAT: &str = r#"{"choices":[{"finish_reason":"stop","message":{"content":"Hi"}}]}"#;
    const MESSAGE: &str = r#"{"content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}"#;
    let (model, asked) = (model("claude-or-gpt"), Conversation::prompt("Hello"));
    for (kind, body) in [(openai::KIND, CHAT), (anthropic::KIND, MESSAGE)] {
        let served = serve(Script::Say(respond(200, JSON, body))).await;
        let (told, error) = ask(&*provider(&kind, &served.address), call(&model, &asked)).await;
        assert_eq!((told.text.as_str(), told.finish, error), ("Hi", Some(FinishReason::Stop), None), "{}", kind.name);
        let refusal = r#"{"error":{"message":"x","type":"overloaded_error"}}"#;
        let served = serve(Script::Say(respond(200, JSON, refusal))).await;
        let (_, error) = ask(&*provider(&kind, &served.address), call(&model, &asked)).await;
        assert_eq!(error.unwrap().kind, ErrorKind::Overloaded, "{}", kind.name);
    }
}

#[tokio::test]
async fn a_whole_answer_does_not_wait_for_a_connection_that_stays_open() {
    let events = [r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#];
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let served = serve(Script::SayAndWait(format!("{head}{}", lines(&events)).into_bytes())).await;
    let (model, asked) = (model("gpt-4o"), Conversation::prompt("Hello"));
    let provider = provider(&openai::KIND, &served.address);
    let told = tokio::time::timeout(Duration::from_secs(20), ask(&*provider, call(&model, &asked)));
    let (told, error) = told.await.unwrap();
    assert_eq!((told.text.as_str(), told.finish, error), ("Hi", Some(FinishReason::Stop), None));
}
