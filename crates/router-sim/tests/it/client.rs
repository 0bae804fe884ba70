//! A client that speaks to each wire as its SDK does.

use std::time::Duration;

use reqwest::{Client, Response};
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

pub(crate) async fn simulator() -> Simulator {
    Simulator::start(SimulatorConfig::default()).await.unwrap()
}

/// A model name that each wire takes.
pub(crate) fn model(wire: Wire) -> &'static str {
    match wire {
        Wire::OpenAi => "gpt-4o",
        Wire::Anthropic => "claude-haiku-4-5",
        Wire::OpenRouter => "openai/gpt-4o",
    }
}

/// The smallest body that each wire takes.
pub(crate) fn body(wire: Wire, model: &str) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Good morning to you"}]});
    if wire == Wire::Anthropic {
        body["max_tokens"] = json!(100);
    }
    body
}

/// Fails instead of waiting for ever.
pub(crate) async fn try_post(simulator: &Simulator, wire: Wire, body: &Value) -> reqwest::Result<Response> {
    let path = if wire == Wire::Anthropic { "/v1/messages" } else { "/chat/completions" };
    // Reading the system's certificates takes longer than everything else here.
    let client = Client::builder().tls_certs_only([]).build()?;
    let request =
        client.post(simulator.base_url(wire) + path).timeout(Duration::from_secs(20)).bearer_auth("sk-test").json(body);
    let request = if wire == Wire::Anthropic { request.header("anthropic-version", "2023-06-01") } else { request };
    request.send().await
}

/// Status and JSON body.
pub(crate) async fn post(simulator: &Simulator, wire: Wire, body: &Value) -> (u16, Value) {
    let response = try_post(simulator, wire, body).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}
