//! Recorded streams: what is decoded is what their JSON says, and what is passed on is what was recorded.

use std::path::{Path, PathBuf};

use router_core::conversation::Conversation;
use router_core::finish::FinishReason;
use router_providers::answer::CallError;
use router_providers::dialect::Dialect;
use router_providers::openai_chat::stream::Asked;
use router_providers::original::Original;
use router_providers::{anthropic, anthropic_messages, openai, openai_chat};
use serde_json::Value;

use crate::given::{call, json_of, model, recordings};
use crate::sockets::{Script, provider, respond, serve};
use crate::streamed::{Told, replay};

const ALL: Asked = Asked { usage: true, choices: 1 };

/// How reads may cut a stream.
const PIECES: [usize; 3] = [1, 7, usize::MAX];

/// The recorded streams in both dialects: chat first.
pub(crate) fn streams() -> Option<[Vec<PathBuf>; 2]> {
    let root = recordings()?;
    let mut all = Vec::new();
    for folder in ["anthropic/stream", "local-llamacpp", "openai/stream", "openrouter/stream"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|file| file.unwrap().path());
        all.extend(
            files.filter(|file| {
                file.extension().is_some_and(|end| end == "sse") && !name(file).starts_with("responses")
            }),
        );
    }
    let (messages, chat): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|file| file.starts_with(root.join("anthropic")) || name(file).starts_with("messages"));
    assert!(chat.len() >= 14 && messages.len() >= 12, "{} {}", chat.len(), messages.len());
    Some([chat, messages])
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

/// The data of the events, as a reader that knows nothing of splits and dialects sees it.
fn recorded(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

pub(crate) fn replay_chat(file: &Path, asked: Option<Asked>, piece: usize) -> (Told, Option<CallError>) {
    replay(openai_chat::stream::Decoder::new(asked), &std::fs::read(file).unwrap(), piece)
}

pub(crate) fn replay_messages(file: &Path, original: bool, piece: usize) -> (Told, Option<CallError>) {
    replay(anthropic_messages::stream::Decoder::new(original), &std::fs::read(file).unwrap(), piece)
}

fn text<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    values.filter_map(Value::as_str).collect()
}

/// Calls as name and arguments, from pairs of a number and a fragment.
fn calls<'a>(fragments: impl Iterator<Item = (&'a Value, &'a Value, &'a Value)>) -> Vec<(String, String)> {
    let mut calls: Vec<(&Value, (String, String))> = Vec::new();
    for (number, name, arguments) in fragments {
        if calls.last().is_none_or(|(last, _)| *last != number) {
            calls.push((number, (name.as_str().unwrap().to_owned(), String::new())));
        }
        calls.last_mut().unwrap().1.1.push_str(arguments.as_str().unwrap_or_default());
    }
    let whole = calls
        .into_iter()
        .map(|(_, (name, arguments))| (name, if arguments.is_empty() { "{}".to_owned() } else { arguments }));
    whole.collect()
}

fn told_calls(told: &Told) -> Vec<(String, String)> {
    told.calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
}

#[test]
fn chat_streams_say_what_their_json_says() {
    let Some([chat, _]) = streams() else { return };
    for (file, piece) in chat.iter().flat_map(|file| PIECES.map(|piece| (file, piece))) {
        let (told, error) = replay_chat(file, None, piece);
        let events = recorded(&std::fs::read(file).unwrap());
        let choices: Vec<_> = events.iter().map(|event| &event["choices"][0]).filter(|c| c["index"] == 0).collect();
        let deltas = || choices.iter().map(|choice| &choice["delta"]);
        assert_eq!(told.text, text(deltas().map(|delta| &delta["content"])), "{file:?}");
        assert_eq!(told.reasoning, text(deltas().map(|delta| &delta["reasoning"])), "{file:?}");
        assert_eq!(told.refusal, text(deltas().map(|delta| &delta["refusal"])), "{file:?}");
        let fragments = deltas().filter_map(|delta| delta["tool_calls"].as_array()).flatten();
        let fragments =
            fragments.map(|call| (&call["index"], &call["function"]["name"], &call["function"]["arguments"]));
        assert_eq!(told_calls(&told), calls(fragments), "{file:?}");
        let finish = choices.iter().find_map(|choice| choice["finish_reason"].as_str()).unwrap();
        assert_eq!(told.finish.unwrap().name(), finish, "{file:?}");
        assert_eq!(error.is_some(), events.iter().any(|event| event.get("error").is_some()), "{file:?} {error:?}");
        assert_eq!(told.began.len(), 1, "{file:?}");
        assert_eq!(told.began[0].0.as_deref(), events[0]["id"].as_str(), "{file:?}");
    }
}

#[test]
fn messages_streams_say_what_their_json_says() {
    let Some([_, messages]) = streams() else { return };
    for (file, piece) in messages.iter().flat_map(|file| PIECES.map(|piece| (file, piece))) {
        let (told, error) = replay_messages(file, false, piece);
        let events = until_it_breaks(recorded(&std::fs::read(file).unwrap()));
        let whole = events.iter().any(|event| event["type"] == "message_stop");
        assert_eq!(error.is_none(), whole, "{file:?} {error:?}");
        let of_type =
            |kind: &'static str| events.iter().map(|event| &event["delta"]).filter(move |delta| delta["type"] == kind);
        assert_eq!(told.text, text(of_type("text_delta").map(|delta| &delta["text"])), "{file:?}");
        assert_eq!(told.reasoning, text(of_type("thinking_delta").map(|delta| &delta["thinking"])), "{file:?}");
        assert_eq!(
            told.signatures.concat(),
            text(of_type("signature_delta").map(|delta| &delta["signature"])),
            "{file:?}"
        );
        let redacted = events.iter().map(|event| &event["content_block"]).filter(|b| b["type"] == "redacted_thinking");
        assert_eq!(told.redacted.concat(), text(redacted.map(|block| &block["data"])), "{file:?}");
        let begun: Vec<_> = events.iter().filter(|event| event["content_block"]["type"] == "tool_use").collect();
        let fragments = begun.iter().map(|start| (&start["index"], &start["content_block"]["name"], &Value::Null));
        let fragments = fragments.flat_map(|(number, name, none)| {
            let pieces = events.iter().filter(move |event| event["index"] == *number);
            let pieces = pieces.map(move |event| (number, name, &event["delta"]["partial_json"]));
            std::iter::once((number, name, none)).chain(pieces)
        });
        if error.is_none() {
            assert_eq!(told_calls(&told), calls(fragments), "{file:?}");
        }
        let reason = events.iter().find_map(|event| event["delta"]["stop_reason"].as_str());
        let finish = reason.map(|reason| match reason {
            "end_turn" => FinishReason::Stop,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => FinishReason::ContentFilter,
            other => unreachable!("{other}"),
        });
        assert_eq!(told.finish, finish, "{file:?}");
    }
}

/// What comes before an error, or before a second beginning: what follows belongs to no answer.
fn until_it_breaks(events: Vec<Value>) -> Vec<Value> {
    let mut begun = 0;
    let whole = events.into_iter().take_while(|event| {
        begun += usize::from(event["type"] == "message_start");
        begun < 2 && event["type"] != "error" && event.get("error").is_none()
    });
    whole.collect()
}

#[test]
fn chat_events_are_passed_on_as_they_were_recorded() {
    let Some([chat, _]) = streams() else { return };
    for (file, piece) in chat.iter().flat_map(|file| PIECES.map(|piece| (file, piece))) {
        // Not passed on: `[DONE]` and comments, which are no events of the answer; an error, which is the stream's.
        let mut events = until_it_breaks(recorded(&std::fs::read(file).unwrap()));
        let passed = |told: Told| told.originals.iter().map(|json| json_of(json)).collect::<Vec<_>>();
        assert_eq!(passed(replay_chat(file, Some(ALL), piece).0), events, "{file:?}");
        // Nor, where nobody asked for it, the usage.
        events.retain(|event| event["usage"].is_null() || event["choices"] != serde_json::json!([]));
        for event in &mut events {
            event.as_object_mut().unwrap().shift_remove("usage");
        }
        assert_eq!(passed(replay_chat(file, Some(Asked::of(b"{}")), piece).0), events, "{file:?}");
    }
}

#[test]
fn messages_events_are_passed_on_as_they_were_recorded() {
    let Some([_, messages]) = streams() else { return };
    for (file, piece) in messages.iter().flat_map(|file| PIECES.map(|piece| (file, piece))) {
        // Not passed on: pings, which are no events of the answer; an error, which is the stream's; a second beginning.
        let mut events = until_it_breaks(recorded(&std::fs::read(file).unwrap()));
        events.retain(|event| event["type"] != "ping");
        let (told, _) = replay_messages(file, true, piece);
        assert_eq!(told.originals.iter().map(|json| json_of(json)).collect::<Vec<_>>(), events, "{file:?}");
    }
}

#[tokio::test]
async fn whole_answers_are_passed_on_as_they_were_recorded() {
    let Some(root) = recordings() else { return };
    let (model, asked) = (model("claude-or-gpt"), Conversation::prompt("Hello"));
    let mut seen = 0;
    for folder in ["anthropic/nonstream", "local-llamacpp", "openai/nonstream", "openrouter/nonstream"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let body = json_of(&std::fs::read(&file).unwrap())["response"]["body"].clone();
            let (kind, dialect) = match &body {
                body if body.get("choices").is_some() => (openai::KIND, Dialect::OpenAiChat),
                body if body["type"] == "message" => (anthropic::KIND, Dialect::AnthropicMessages),
                _ => continue,
            };
            seen += 1;
            let address = serve(Script::Say(respond(200, "", &body.to_string()))).await.address;
            let original = Original {
                dialect,
                body:
                    br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hello"}]}"#.as_slice().into(),
                ours: &[],
                headers: Vec::new(),
                uncarried: Vec::new(),
            };
            let call = call(&model, &asked).with_original(Some(&original));
            let answer = provider(&kind, &address).complete(call).await.unwrap();
            assert_eq!(json_of(&answer.original.unwrap()), body, "{file:?}");
            assert_eq!(provider(&kind, &address).dialect(), Some(dialect));
        }
    }
    assert!(seen >= 26, "{seen}");
}
