//! What tests start from.

use std::io::Write;
use std::path::{Path, PathBuf};

use router_core::capability::{Capabilities, Capability};
use router_core::conversation::{CacheMark, Content, Conversation, Message, Part, Role, Tool, ToolCall};
use router_core::id::RequestId;
use router_core::model::{Model, ModelDeadlines, SpeedPrior};
use router_core::prompt_type::PerType;
use router_core::usage::{Tokens, Usage, UsageSource};
use router_providers::call::Call;
use serde_json::{Value, json};

/// The recorded exchanges, beside the workspace where there are any; else a word past the capture of the test's output, so
/// that nobody takes it for a test that ran.
pub(crate) fn recordings() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wire/fixtures");
    if root.is_dir() {
        return Some(root);
    }
    let _ = writeln!(std::io::stderr(), "not run: no recorded exchanges at {}", root.display());
    None
}

/// A model that can do everything, answers with 32,000 tokens at most, and is called like that upstream.
pub(crate) fn model(upstream_name: &str) -> Model {
    Model {
        id: upstream_name.into(),
        name: upstream_name.into(),
        provider: "test".into(),
        upstream_name: upstream_name.into(),
        description: String::new(),
        same_as: None,
        price: None,
        context_tokens: Tokens(200_000),
        max_output_tokens: Tokens(32_000),
        speed: SpeedPrior { first_token_seconds: 1.0, tokens_per_second: 50.0 },
        quality: PerType::default(),
        quality_source: String::new(),
        capabilities: Capability::ALL.into_iter().collect(),
        is_active: true,
        priority: 0,
        failover_order: Vec::new(),
        deadlines: ModelDeadlines::default(),
        shutdown_date: None,
    }
}

/// The same without some capabilities.
pub(crate) fn without(model: Model, lost: &[Capability]) -> Model {
    let capabilities: Capabilities = model.capabilities.iter().filter(|has| !lost.contains(has)).collect();
    Model { capabilities, ..model }
}

pub(crate) fn call<'a>(model: &'a Model, conversation: &'a Conversation) -> Call<'a> {
    Call::new(RequestId("0192a1b2-0000-7000-8000-000000000001".parse().unwrap()), model, conversation)
}

pub(crate) fn turns(messages: Vec<Message>) -> Conversation {
    Conversation { messages, ..Conversation::default() }
}

pub(crate) fn turn(role: Role, contents: Vec<Content>) -> Message {
    Message { role, parts: contents.into_iter().map(Part::from).collect() }
}

pub(crate) fn text(text: &str) -> Content {
    Content::Text(text.into())
}

pub(crate) fn tool_call(id: &str, name: &str, arguments: &str) -> Content {
    Content::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() })
}

pub(crate) fn tool_result(id: &str, contents: Vec<Content>) -> Content {
    let parts = contents.into_iter().map(Part::from).collect();
    Content::ToolResult { call_id: id.into(), parts, is_error: false }
}

pub(crate) fn marked(content: Content, mark: CacheMark) -> Part {
    Part { content, cache: Some(mark) }
}

pub(crate) fn tool(name: &str) -> Tool {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    Tool { name: name.into(), description: Some("Looks".into()), parameters, strict: None, cache: None }
}

pub(crate) fn reported(input: u64, cache_read: u64, written: [u64; 2], output: u64, reasoning: u64) -> Usage {
    Usage {
        input: Tokens(input),
        cache_read: Tokens(cache_read),
        cache_write_5m: Tokens(written[0]),
        cache_write_1h: Tokens(written[1]),
        output: Tokens(output),
        reasoning: Tokens(reasoning),
        source: UsageSource::Reported,
    }
}

pub(crate) fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// The bodies of all recorded requests in OpenAI's chat dialect, with their names.
pub(crate) fn recorded_chat_requests(root: &Path) -> Vec<(String, Value)> {
    let mut folders = vec![root.to_path_buf()];
    let mut requests = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let mut recorded = json_of(&std::fs::read(&path).unwrap());
                let asked = recorded["request"]["path"].as_str().is_some_and(|path| path.contains("/chat/completions"));
                // One of them is a stand-in for a body too long to keep.
                if asked && recorded["request"]["body"]["messages"].is_array() {
                    requests.push((path.display().to_string(), recorded["request"]["body"].take()));
                }
            }
        }
    }
    requests.sort_by(|one, other| one.0.cmp(&other.0));
    requests
}
