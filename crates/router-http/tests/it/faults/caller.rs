//! A caller: asks over one surface, and takes what comes the way that surface's clients do.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

/// No answer takes longer, and no error.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the router is asked, and whether for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    Native,
    NativeStream,
    Chat,
    ChatStream,
    Messages,
    MessagesStream,
    Responses,
    ResponsesStream,
}

/// How it ended, as far as a caller can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Well, it says: with this reason.
    Finished(String),
    /// With an error status and this code.
    Refused(u16, String),
    /// With an error in a stream that had begun, and this code.
    Broken(String),
    /// A stream that stopped without a word: what clients take for an answer.
    Cut,
    /// Not at all.
    Hung,
}

/// What a caller got.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) end: End,
    pub(super) text: String,
    pub(super) elapsed: Duration,
    /// The status of the response; 0 where there was none.
    pub(super) status: u16,
}

impl Got {
    /// Whether the text is all of the 60 words of a simulated answer, each once and in its place.
    pub(super) fn is_whole(&self) -> bool {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let numbered = words.iter().enumerate().skip(8).take(60 - 8);
        // A torn character comes after the last word.
        (60..=61).contains(&words.len()) && numbered.clone().all(|(place, word)| *word == (place + 1).to_string())
    }
}

impl Surface {
    pub(super) const ALL: [Self; 8] = [
        Self::Native,
        Self::NativeStream,
        Self::Chat,
        Self::ChatStream,
        Self::Messages,
        Self::MessagesStream,
        Self::Responses,
        Self::ResponsesStream,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::NativeStream => "native stream",
            Self::Chat => "chat",
            Self::ChatStream => "chat stream",
            Self::Messages => "messages",
            Self::MessagesStream => "messages stream",
            Self::Responses => "responses",
            Self::ResponsesStream => "responses stream",
        }
    }

    pub(super) const fn streams(self) -> bool {
        matches!(self, Self::NativeStream | Self::ChatStream | Self::MessagesStream | Self::ResponsesStream)
    }

    pub(super) const fn takes_tools(self) -> bool {
        !matches!(self, Self::Native | Self::NativeStream)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Native | Self::NativeStream => "/api/route",
            Self::Chat | Self::ChatStream => "/v1/chat/completions",
            Self::Messages | Self::MessagesStream => "/v1/messages",
            Self::Responses | Self::ResponsesStream => "/v1/responses",
        }
    }

    fn body(self, model: &str, tool: bool) -> Value {
        let prompt = if tool { "use tool get_weather" } else { "hi" };
        match self {
            Self::Native => json!({"prompt": prompt, "modelId": model, "cache": "bypass"}),
            Self::NativeStream => json!({"prompt": prompt, "modelId": model, "cache": "bypass", "stream": true}),
            Self::Chat | Self::ChatStream => {
                let messages = json!([{"role": "user", "content": prompt}]);
                let mut body = json!({"model": model, "messages": messages, "stream": self.streams()});
                if tool {
                    let function = json!({"name": "get_weather", "parameters": schema()});
                    body["tools"] = json!([{"type": "function", "function": function}]);
                }
                body
            }
            Self::Messages | Self::MessagesStream => {
                let messages = json!([{"role": "user", "content": prompt}]);
                let mut body =
                    json!({"model": model, "max_tokens": 1_000, "messages": messages, "stream": self.streams()});
                if tool {
                    body["tools"] = json!([{"name": "get_weather", "input_schema": schema()}]);
                }
                body
            }
            Self::Responses | Self::ResponsesStream => {
                let mut body = json!({"model": model, "input": prompt, "stream": self.streams()});
                if tool {
                    body["tools"] = json!([{"type": "function", "name": "get_weather", "parameters": schema()}]);
                }
                body
            }
        }
    }
}

/// What the tool takes.
fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

/// Asks once.
pub(super) async fn ask(address: &str, surface: Surface, model: &str, tool: bool) -> Got {
    let began = Instant::now();
    let mut got = match timeout(PATIENCE, send(address, surface, model, tool)).await {
        Ok(got) => got,
        Err(_) => Got { end: End::Hung, text: String::new(), elapsed: Duration::ZERO, status: 0 },
    };
    got.elapsed = began.elapsed();
    got
}

async fn send(address: &str, surface: Surface, model: &str, tool: bool) -> Got {
    // Reading the system's certificates takes longer than everything else here.
    let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let request = client.post(format!("http://{address}{}", surface.path())).json(&surface.body(model, tool));
    let mut response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let is_stream =
        response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let mut bytes = Vec::new();
    // A body that breaks off has ended all the same: what matters is what was said until then.
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
    }
    let raw = String::from_utf8(bytes).unwrap();
    let (end, text) = if is_stream { heard(surface, &raw) } else { read(surface, status, &raw) };
    Got { end, text, elapsed: Duration::ZERO, status }
}

/// A JSON answer, or an error with a status.
fn read(surface: Surface, status: u16, raw: &str) -> (End, String) {
    let Ok(json) = serde_json::from_str::<Value>(raw) else { return (End::Cut, raw.to_owned()) };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if status != 200 {
        return (End::Refused(status, code(surface, &json)), String::new());
    }
    match surface {
        Surface::Chat | Surface::ChatStream => {
            let choice = &json["choices"][0];
            (End::Finished(text(&choice["finish_reason"])), text(&choice["message"]["content"]))
        }
        Surface::Native | Surface::NativeStream => {
            (End::Finished(text(&json["finishReason"])), text(&json["response"]))
        }
        Surface::Messages | Surface::MessagesStream => {
            let blocks = json["content"].as_array().unwrap();
            let said = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            (End::Finished(finish_of(&json["stop_reason"])), said)
        }
        Surface::Responses | Surface::ResponsesStream => {
            let parts =
                json["output"].as_array().unwrap().iter().filter_map(|item| item["content"].as_array()).flatten();
            let said = parts.filter_map(|part| part["text"].as_str()).collect();
            (End::Finished(finish_of_response(&json)), said)
        }
    }
}

/// What an error is called.
fn code(surface: Surface, json: &Value) -> String {
    let name = match surface {
        Surface::Messages | Surface::MessagesStream => "type",
        _ => "code",
    };
    json["error"][name].as_str().unwrap_or_default().to_owned()
}

/// Why a message stopped, in the words of the other surfaces.
fn finish_of(stop_reason: &Value) -> String {
    match stop_reason.as_str().unwrap_or_default() {
        "end_turn" => "stop",
        "max_tokens" => "length",
        "refusal" => "content_filter",
        other => other,
    }
    .to_owned()
}

/// The same of a response.
fn finish_of_response(response: &Value) -> String {
    match (response["status"].as_str(), response["incomplete_details"]["reason"].as_str()) {
        (Some("completed"), _) => "stop",
        (_, Some("max_output_tokens")) => "length",
        (_, reason) => reason.unwrap_or_default(),
    }
    .to_owned()
}

/// The events of a stream, as its clients read them.
fn heard(surface: Surface, raw: &str) -> (End, String) {
    let (mut text, mut finish, mut end) = (String::new(), String::new(), None);
    let mut starts = 0_u64;
    for (name, data) in events(raw) {
        if data == "[DONE]" {
            end.get_or_insert(End::Finished(finish.clone()));
            continue;
        }
        let json: Value = serde_json::from_str(&data).unwrap();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if !json["error"].is_null() {
            end.get_or_insert(End::Broken(code(surface, &json)));
        }
        match surface {
            Surface::Chat | Surface::ChatStream => {
                let choice = &json["choices"][0];
                text.push_str(&word(&choice["delta"]["content"]));
                if choice["finish_reason"].is_string() {
                    finish = word(&choice["finish_reason"]);
                }
            }
            Surface::Native | Surface::NativeStream => {
                text.push_str(&word(&json["text"]));
                if name == "done" {
                    end.get_or_insert(End::Finished(word(&json["finishReason"])));
                }
            }
            Surface::Responses | Surface::ResponsesStream => {
                assert_eq!(json["sequence_number"], starts, "events are numbered:\n{raw}");
                starts += 1;
                if name == "response.output_text.delta" {
                    text.push_str(&word(&json["delta"]));
                }
                if name == "response.completed" || name == "response.incomplete" {
                    end.get_or_insert(End::Finished(finish_of_response(&json["response"])));
                }
            }
            Surface::Messages | Surface::MessagesStream => {
                assert_eq!(json["type"], name.as_str(), "an event is named after its type");
                text.push_str(&word(&json["delta"]["text"]));
                starts += u64::from(name == "message_start");
                assert!(starts <= 1, "a message begins once:\n{raw}");
                if name == "message_delta" {
                    finish = finish_of(&json["delta"]["stop_reason"]);
                }
                if name == "message_stop" {
                    end.get_or_insert(End::Finished(finish.clone()));
                }
            }
        }
    }
    (end.unwrap_or(End::Cut), text)
}

/// Names and data of whole events; comments are skipped.
fn events(raw: &str) -> Vec<(String, String)> {
    let blocks = raw.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n"));
    let field = |block: &str, name: &str| -> Option<String> {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
    };
    blocks.filter_map(|block| Some((field(block, "event:").unwrap_or_default(), field(block, "data:")?))).collect()
}
