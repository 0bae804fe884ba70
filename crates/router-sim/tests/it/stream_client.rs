//! Reads streams: every byte as it comes, and what the events say.

use reqwest::Response;
use router_sim::{Simulator, Wire};
use serde_json::{Value, json};

use crate::client::{body, model, try_post};

/// What came of a stream.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) raw: String,
    /// How the body ended: cleanly, or with an error.
    pub(crate) broken: Option<reqwest::Error>,
    /// `event:` names and data, comments apart.
    pub(crate) events: Vec<(String, String)>,
}

impl Heard {
    /// All data that is JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.events.iter().filter_map(|(_, data)| serde_json::from_str(data).ok()).collect()
    }

    pub(crate) fn data(&self) -> Vec<&str> {
        self.events.iter().map(|(_, data)| data.as_str()).collect()
    }

    /// All strings at a place in the events, in order.
    pub(crate) fn strings(&self, pointer: &str) -> Vec<String> {
        let events = self.json();
        events.iter().filter_map(|event| event.pointer(pointer)?.as_str().map(str::to_owned)).collect()
    }

    /// The deltas of visible text on either wire.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut texts = self.strings("/choices/0/delta/content");
        texts.extend(self.strings("/delta/text"));
        texts.retain(|text| !text.is_empty());
        texts
    }

    pub(crate) fn text(&self) -> String {
        self.texts().concat()
    }

    pub(crate) fn finishes(&self) -> Vec<String> {
        let mut finishes = self.strings("/choices/0/finish_reason");
        finishes.extend(self.strings("/delta/stop_reason"));
        finishes
    }

    /// Whether the wire's last event came, and came last.
    pub(crate) fn terminated(&self) -> bool {
        self.events.last().is_some_and(|(name, data)| name == "message_stop" || data == "[DONE]")
    }

    /// The last usage told.
    pub(crate) fn usage(&self) -> Option<Value> {
        self.json().iter().rev().find_map(|event| event.get("usage").filter(|usage| usage.is_object()).cloned())
    }
}

/// A body that asks for a stream, with usage.
pub(crate) fn streamed(wire: Wire, suffixes: &str) -> Value {
    let mut body = body(wire, &format!("{}{suffixes}", model(wire)));
    body["stream"] = json!(true);
    if wire == Wire::OpenAi {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// Adds a tool, and demands that it is called.
pub(crate) fn with_call(wire: Wire, mut body: Value) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    body["tools"] = if wire == Wire::Anthropic {
        json!([{"name": "get_weather", "input_schema": schema}])
    } else {
        json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema}}])
    };
    body["messages"][0]["content"] = json!("use tool get_weather");
    body
}

pub(crate) async fn hear(simulator: &Simulator, wire: Wire, body: &Value) -> Heard {
    let response = try_post(simulator, wire, body).await.unwrap();
    assert_eq!(response.status(), 200);
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(content_type.starts_with("text/event-stream"), "{content_type}");
    listen(response).await
}

pub(crate) async fn listen(mut response: Response) -> Heard {
    let mut bytes = Vec::new();
    let broken = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let raw = String::from_utf8(bytes).unwrap();
    let events = if raw.starts_with('{') { Vec::new() } else { read(&raw) };
    Heard { raw, broken, events }
}

/// Reads events as the standard says.
pub(crate) fn read(raw: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), None);
    for line in raw.lines() {
        match line.split_once(':') {
            None if line.is_empty() => {
                if let Some(data) = data.take() {
                    events.push((std::mem::take(&mut name), data));
                }
            }
            Some(("event", value)) => name = value.trim_start().to_owned(),
            Some(("data", value)) => data = Some(value.strip_prefix(' ').unwrap_or(value).to_owned()),
            Some(("", _comment)) => {}
            _ => unreachable!("no line of a stream: {line:?}"),
        }
    }
    events
}
