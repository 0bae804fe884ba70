//! Every fault, on every wire.

use std::time::{Duration, Instant};

use router_sim::{Fault, FaultKind, Outcome, Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::client::{body, model, post, simulator, try_post};

fn faulty(wire: Wire, fault: &str) -> Value {
    body(wire, &format!("{}+fault:{fault}", model(wire)))
}

#[tokio::test]
async fn errors_have_their_wires_status_and_words() {
    let simulator = simulator().await;
    let openai = [
        ("429", 429, json!("rate_limit_exceeded")),
        ("500", 500, Value::Null),
        ("502", 502, Value::Null),
        ("503", 503, json!("server_is_overloaded")),
        ("504", 504, Value::Null),
        ("529", 529, json!("server_is_overloaded")),
        ("401", 401, json!("invalid_api_key")),
        ("403", 403, json!("unsupported_country_region_territory")),
        ("404", 404, json!("model_not_found")),
        ("408", 408, Value::Null),
        ("413", 413, json!("request_too_large")),
        ("400", 400, json!("invalid_value")),
        ("unsupported", 400, json!("unsupported_parameter")),
        ("quota", 429, json!("insufficient_quota")),
        ("context", 400, json!("context_length_exceeded")),
        ("policy", 400, json!("content_policy_violation")),
        ("error-in-200", 200, json!("server_is_overloaded")),
    ];
    for (fault, expected, code) in openai {
        let (status, error) = post(&simulator, Wire::OpenAi, &faulty(Wire::OpenAi, fault)).await;
        assert_eq!((status, &error["error"]["code"]), (expected, &code), "{fault}");
    }
    let anthropic = [
        ("429", 429, "rate_limit_error"),
        ("500", 500, "api_error"),
        ("502", 502, "api_error"),
        ("503", 503, "api_error"),
        ("504", 504, "timeout_error"),
        ("529", 529, "overloaded_error"),
        ("401", 401, "authentication_error"),
        ("403", 403, "permission_error"),
        ("404", 404, "not_found_error"),
        ("408", 408, "timeout_error"),
        ("413", 413, "request_too_large"),
        ("400", 400, "invalid_request_error"),
        ("unsupported", 400, "invalid_request_error"),
        ("quota", 402, "billing_error"),
        ("context", 400, "invalid_request_error"),
        ("policy", 400, "invalid_request_error"),
        ("error-in-200", 200, "overloaded_error"),
    ];
    for (fault, expected, kind) in anthropic {
        let (status, error) = post(&simulator, Wire::Anthropic, &faulty(Wire::Anthropic, fault)).await;
        assert_eq!(
            (status, &error["error"]["type"], &error["type"]),
            (expected, &json!(kind), &json!("error")),
            "{fault}"
        );
    }
    let openrouter = [
        ("429", 429, 429),
        ("500", 500, 500),
        ("502", 502, 502),
        ("503", 503, 503),
        ("504", 504, 504),
        ("529", 529, 529),
        ("401", 401, 401),
        ("403", 403, 403),
        ("404", 404, 404),
        ("408", 408, 408),
        ("413", 413, 413),
        ("400", 400, 400),
        ("unsupported", 400, 400),
        ("quota", 402, 402),
        ("context", 400, 400),
        ("policy", 403, 403),
        ("error-in-200", 200, 529),
    ];
    for (fault, expected, code) in openrouter {
        let (status, error) = post(&simulator, Wire::OpenRouter, &faulty(Wire::OpenRouter, fault)).await;
        assert_eq!((status, &error["error"]["code"]), (expected, &json!(code)), "{fault}");
    }
}

#[tokio::test]
async fn anthropics_context_error_keeps_the_words_its_clients_look_for() {
    let simulator = simulator().await;
    let (_, error) = post(&simulator, Wire::Anthropic, &faulty(Wire::Anthropic, "context")).await;
    assert_eq!(error["error"]["message"], "prompt is too long: 8200 tokens > 8192 maximum");
}

#[tokio::test]
async fn a_rate_limit_says_how_long_when_told_to() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let cases =
            [("429", None, None), ("429-after-2s", Some("2"), None), ("429-after-1500ms", Some("2"), Some("1500"))];
        for (fault, seconds, millis) in cases {
            let response = try_post(&simulator, wire, &faulty(wire, fault)).await.unwrap();
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!((header("retry-after"), header("retry-after-ms")), (seconds, millis), "{wire} {fault}");
        }
    }
}

#[tokio::test]
async fn anthropic_alone_says_whether_to_ask_again() {
    let simulator = simulator().await;
    for (fault, expected) in [("500", "true"), ("529", "true"), ("429", "true"), ("408", "true"), ("context", "false")]
    {
        for wire in Wire::ALL {
            let response = try_post(&simulator, wire, &faulty(wire, fault)).await.unwrap();
            let said = response.headers().get("x-should-retry").map(|value| value.to_str().unwrap());
            assert_eq!(said, (wire == Wire::Anthropic).then_some(expected), "{wire} {fault}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let simulator = simulator().await;
    let (status, answer) = post(&simulator, Wire::OpenAi, &faulty(Wire::OpenAi, "refusal")).await;
    let choice = &answer["choices"][0];
    assert_eq!((status, &choice["finish_reason"], &choice["message"]["content"]), (200, &json!("stop"), &Value::Null));
    assert!(choice["message"]["refusal"].is_string());
    let (status, answer) = post(&simulator, Wire::Anthropic, &faulty(Wire::Anthropic, "refusal")).await;
    assert_eq!((status, &answer["stop_reason"], &answer["content"]), (200, &json!("refusal"), &json!([])));
    assert_eq!(answer["stop_details"]["type"], "refusal");
    let (_, answer) = post(&simulator, Wire::OpenRouter, &faulty(Wire::OpenRouter, "refusal")).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "content_filter");
}

#[tokio::test]
async fn bodies_that_are_no_answers() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let garbage = try_post(&simulator, wire, &faulty(wire, "garbage")).await.unwrap();
        assert_eq!(
            (garbage.status().as_u16(), &garbage.headers()["content-type"]),
            (200, &"application/json".parse().unwrap())
        );
        assert!(serde_json::from_str::<Value>(&garbage.text().await.unwrap()).is_err());
        let html = try_post(&simulator, wire, &faulty(wire, "html")).await.unwrap();
        assert!(html.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(html.text().await.unwrap().starts_with("<!doctype html>"));
    }
}

#[tokio::test]
async fn a_cut_body_brings_half_of_what_it_promised() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut response = try_post(&simulator, wire, &faulty(wire, "cut-body")).await.unwrap();
        let promised = response.content_length().unwrap();
        let half = response.chunk().await.unwrap().unwrap();
        assert_eq!(half.len() as u64, promised / 2);
        assert!(response.chunk().await.is_err());
    }
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let error = try_post(&simulator, wire, &faulty(wire, "reset")).await.unwrap_err();
        let mut source: &dyn std::error::Error = &error;
        while let Some(next) = source.source() {
            source = next;
        }
        let io = source.downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(io.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn silence_lasts_until_the_caller_leaves() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let body = faulty(wire, "silent");
        let waiting = try_post(&simulator, wire, &body);
        assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
    }
}

#[tokio::test]
async fn slow_answers_come_late() {
    let simulator = simulator().await;
    let asked = Instant::now();
    assert_eq!(post(&simulator, Wire::OpenAi, &faulty(Wire::OpenAi, "slow-50ms")).await.0, 200);
    assert!(asked.elapsed() >= Duration::from_millis(50));
    assert_eq!(simulator.attempts()[0].outcome, Outcome::Answered);
}

#[tokio::test]
async fn a_delay_comes_before_whatever_follows() {
    let simulator = simulator().await;
    for (suffixes, expected) in [("", 200), ("+fault:503", 503)] {
        let asked = Instant::now();
        let body = body(Wire::OpenAi, &format!("gpt-4o+delay:50ms{suffixes}"));
        assert_eq!(post(&simulator, Wire::OpenAi, &body).await.0, expected);
        assert!(asked.elapsed() >= Duration::from_millis(50));
    }
}

#[tokio::test]
async fn an_outage_passes_by_itself() {
    let simulator = simulator().await;
    let recovered = async |name: &str| {
        let began = Instant::now();
        let mut failed = 0;
        while post(&simulator, Wire::OpenAi, &body(Wire::OpenAi, name)).await.0 == 503 {
            failed += 1;
            assert!(began.elapsed() < Duration::from_secs(10), "it never recovers");
        }
        assert!(failed > 0 && began.elapsed() >= Duration::from_millis(200), "{failed} in {:?}", began.elapsed());
    };
    recovered("gpt-4o+fault:503-for-200ms").await;
    // It begins with the first request after it is set, however late.
    simulator.set_fault("gpt-4o", Some(Fault::for_time(Duration::from_millis(200), FaultKind::Unavailable)));
    tokio::time::sleep(Duration::from_millis(250)).await;
    recovered("gpt-4o").await;
    assert_eq!(post(&simulator, Wire::OpenAi, &body(Wire::OpenAi, "gpt-4o")).await.0, 200);
}

#[tokio::test]
async fn faults_that_pass_count_per_name_and_start_again_after_a_reset() {
    let simulator = simulator().await;
    let statuses = async |name: &str| {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(post(&simulator, Wire::OpenAi, &body(Wire::OpenAi, name)).await.0);
        }
        statuses
    };
    assert_eq!(statuses("a+fault:500-once").await, [500, 200, 200]);
    assert_eq!(statuses("b+fault:503-x2").await, [503, 503, 200]);
    assert_eq!(statuses("a+fault:500-once").await, [200, 200, 200]);
    simulator.reset();
    assert_eq!(statuses("a+fault:500-once").await, [500, 200, 200]);
}

#[tokio::test]
async fn faults_are_set_by_configuration_and_at_run_time() {
    let faults = [("gpt-4o".to_owned(), Fault::always(FaultKind::ServerError))];
    let config = SimulatorConfig { faults: faults.into(), ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).await.unwrap();
    let status = async || post(&simulator, Wire::OpenAi, &body(Wire::OpenAi, "gpt-4o")).await.0;
    assert_eq!(status().await, 500);
    simulator.set_fault("gpt-4o", None);
    assert_eq!(status().await, 200);
    simulator.set_fault("gpt-4o", Some(Fault::once(FaultKind::Overloaded)));
    assert_eq!((status().await, status().await), (529, 200));
    simulator.set_fault("gpt-4o", Some(Fault::once(FaultKind::Overloaded)));
    assert_eq!(status().await, 529);
    simulator.reset();
    assert_eq!(status().await, 500);
}

#[tokio::test]
async fn no_fault_hides_a_bad_request() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut body = faulty(wire, "500-once");
        body["messages"] = json!([]);
        assert_eq!(post(&simulator, wire, &body).await.0, 400);
        assert_eq!(post(&simulator, wire, &faulty(wire, "500-once")).await.0, 500);
    }
}
