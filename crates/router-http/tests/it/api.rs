//! The native API's answers, with obedient providers.

use std::collections::HashMap;
use std::sync::Arc;

use router_core::grants::{Limits, Rate};
use router_engine::settings::EngineSettings;
use router_http::settings::Settings;
use router_providers::provider::Provider;
use router_store::sqlite::{SqliteSettings, SqliteStore};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::doubles::{DeadStore, ManySums, MuteStore, Obedient};
use crate::stage::{Backing, Stage, engine_settings};

async fn stage() -> Stage {
    Stage::start(Settings::default()).await
}

#[tokio::test]
async fn an_answer_says_who_gave_it_why_and_at_what_cost() {
    let stage = stage().await;
    let (status, answer) = stage
        .post(
            "/api/route",
            &json!({
                "prompt": "What is AI?",
                "preferences": {"costWeight": 0.3, "latencyWeight": 0.3, "qualityWeight": 0.4},
                "metadata": {"team": "search"},
            }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["response"], "answer to: What is AI?");
    assert_eq!(answer["finishReason"], "stop");
    assert_eq!(answer["usage"]["input"], 7);
    assert_eq!(answer["cost"]["status"], "priced");
    assert_eq!(answer["cached"], false);
    assert_eq!(answer["attempts"][0]["modelId"], answer["modelId"]);
    let candidates = answer["decision"]["candidates"].as_array().unwrap();
    assert_eq!(candidates[0]["modelId"], answer["modelId"]);
    assert!(candidates.len() > 1, "no alternatives");
    let fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
    for field in ["requestId", "modelId", "provider", "latencyMs", "simulated"] {
        assert!(fields.iter().any(|name| *name == field), "no {field} in {fields:?}");
    }
}

#[tokio::test]
async fn preferences_reach_the_decision() {
    let stage = stage().await;
    let choose = async |preferences: Value| {
        let (_, answer) =
            stage.post("/api/route", &json!({"prompt": "Prove it.", "dryRun": true, "preferences": preferences})).await;
        (answer["modelId"].clone(), answer["decision"].clone())
    };
    let (cheap, decision) = choose(json!({"costWeight": 1, "latencyWeight": 0, "qualityWeight": 0})).await;
    let (good, _) = choose(json!({"target": "best"})).await;
    assert_ne!(cheap, good);
    assert_eq!(decision["costWeight"], 1.0);
    let (_, bounded) = choose(json!({"maxCostUsd": 0})).await;
    assert!(bounded["excluded"].as_array().unwrap().iter().any(|model| model["reason"] == "above_max_cost"));
}

#[tokio::test]
async fn a_named_model_answers() {
    let stage = stage().await;
    let (_, answer) = stage.post("/api/route", &json!({"prompt": "hi", "modelId": "gpt-4o", "fallbacks": false})).await;
    assert_eq!(answer["modelId"], "gpt-4o", "{answer}");
}

#[tokio::test]
async fn a_dry_run_asks_nobody_and_works_without_any_provider() {
    let stage = stage().await;
    let (status, answer) = stage.post("/api/route", &json!({"prompt": "silence", "dryRun": true})).await;
    assert_eq!((status, &answer["dryRun"]), (200, &json!(true)));
    assert!(answer["modelId"].is_string() && answer["decision"]["candidates"].is_array(), "{answer}");
    assert!(answer.get("response").is_none());
}

#[tokio::test]
async fn null_counts_as_not_given() {
    let stage = stage().await;
    let ask = json!({
        "prompt": "hi", "messages": null, "preferences": {"target": null, "costWeight": null}, "promptType": null,
        "modelId": null, "fallbacks": null, "dryRun": null, "cache": null, "metadata": null, "maxTokens": null,
        "temperature": null, "responseFormat": null,
    });
    let (status, answer) = stage.post("/api/route", &ask).await;
    assert_eq!((status, &answer["response"]), (200, &json!("answer to: hi")), "{answer}");
}

#[tokio::test]
async fn the_second_time_the_answer_comes_from_the_cache() {
    let stage = stage().await;
    let ask = json!({"prompt": "Again?", "temperature": 0});
    assert_eq!(stage.post("/api/route", &ask).await.1["cached"], false);
    let (_, again) = stage.post("/api/route", &ask).await;
    assert_eq!((&again["cached"], &again["cost"]["usd"]), (&json!(true), &json!(0.0)));
    let (status, miss) = stage.post("/api/route", &json!({"prompt": "Never asked", "cache": "only"})).await;
    assert_eq!((status, miss["error"]["code"].as_str()), (404, Some("not_cached")));
}

#[tokio::test]
async fn failures_are_said_with_their_status_and_their_attempts() {
    let stage = stage().await;
    for (kind, status, code) in [
        ("auth", 503, "upstream_misconfigured"),
        ("invalid_request", 400, "refused_by_provider"),
        ("content_policy", 400, "content_policy"),
        ("server_error", 502, "upstream_failed"),
    ] {
        let stage = self::stage().await;
        let (was, answer) = stage.post("/api/route", &json!({"prompt": format!("fail: {kind}")})).await;
        assert_eq!((was, answer["error"]["code"].as_str()), (status, Some(code)), "{kind}: {answer}");
        assert!(!answer["error"]["attempts"].as_array().unwrap().is_empty(), "{answer}");
    }
    let client = reqwest::Client::new();
    let limited =
        client.post(stage.url("/api/route")).json(&json!({"prompt": "fail: rate_limited"})).send().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "30");
    let broken =
        client.post(stage.url("/api/route")).json(&json!({"prompt": "fail: server_error"})).send().await.unwrap();
    assert_eq!(broken.headers()["x-should-retry"], "false");
}

#[tokio::test]
async fn reads_and_executions_are_limited_apart() {
    let two = Rate { per_minute: 1, burst: 2 };
    let settings = EngineSettings {
        caller_limits: Limits { requests: Some(two), ..Limits::default() },
        read_rate: Some(two),
        ..engine_settings()
    };
    let stage = Stage::with_engine(Settings::default(), settings).await;
    let client = reqwest::Client::new();
    let execute = || client.post(stage.url("/api/route")).json(&json!({"prompt": "hi", "cache": "bypass"})).send();
    let read = || client.get(stage.url("/api/models")).send();
    let refused = loop {
        let response = execute().await.unwrap();
        assert_eq!(response.headers()["x-ratelimit-limit-requests"], "2");
        if response.status() != 200 {
            break response;
        }
    };
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-ratelimit-remaining-requests"], "0");
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(read().await.unwrap().status(), 200);
    // Dry runs draw on the reads.
    let dry = client.post(stage.url("/api/route")).json(&json!({"prompt": "hi", "dryRun": true}));
    assert_eq!(dry.send().await.unwrap().status(), 200);
    assert_eq!(read().await.unwrap().status(), 429);
    // Whoever watches is never limited.
    for path in ["/livez", "/readyz", "/api/health", "/"] {
        for _ in 0..5 {
            assert_eq!(client.get(stage.url(path)).send().await.unwrap().status(), 200, "{path}");
        }
    }
}

#[tokio::test]
async fn models_are_listed_filtered_and_alive() {
    let stage = stage().await;
    stage.post("/api/route", &json!({"prompt": "hi", "modelId": "gpt-4o"})).await;
    let list =
        async |query: &str| stage.get(&format!("/api/models{query}")).await.1["models"].as_array().unwrap().clone();
    let all = list("").await;
    let gpt = all.iter().find(|model| model["id"] == "gpt-4o").unwrap();
    assert_eq!(gpt["live"]["attempts"], 1, "{gpt}");
    assert!(gpt["price"]["input"].as_f64().unwrap() > 0.0);
    let narrow = list("?provider=openai&capability=vision,tools&promptType=analysis&active=true").await;
    assert!(!narrow.is_empty() && narrow.len() < all.len());
    assert!(narrow.iter().all(|model| model["provider"] == "openai"));
    assert_eq!(list("?provider=nobody").await.len(), 0);
}

#[tokio::test]
async fn a_dead_database_is_said_without_its_secrets_and_prompts_go_on() {
    let stage = stage().await;
    let (status, health) = stage.get("/api/health").await;
    assert_eq!((status, health["status"].as_str()), (200, Some("degraded")));
    assert_eq!(health["database"]["status"], "down");
    let (status, answer) = stage.get("/api/requests").await;
    assert_eq!((status, answer["error"]["code"].as_str()), (503, Some("records_unavailable")));
    assert!(!answer.to_string().contains("internal-detail") && !answer.to_string().contains("db.internal"), "{answer}");
    assert_eq!(stage.post("/api/route", &json!({"prompt": "hi"})).await.0, 200);
}

#[tokio::test]
async fn metrics_count_routes_not_paths() {
    let stage = stage().await;
    stage.post("/api/route", &json!({"prompt": "hi", "modelId": "gpt-4o"})).await;
    stage.get("/api/requests/not-a-uuid").await;
    stage.get("/not/a/route").await;
    let mut caller = TcpStream::connect(stage.address).await.unwrap();
    let body = json!({"prompt": "silence"}).to_string();
    let head = format!(
        "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}",
        body.len()
    );
    caller.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    stage.provider.until_waiting(1).await;
    drop(caller);
    stage.provider.until_waiting(0).await;
    let scrape = reqwest::get(stage.url("/api/metrics")).await.unwrap();
    assert_eq!(scrape.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = scrape.text().await.unwrap();
    for series in [
        r#"llm_http_requests_total{route="/api/route",method="POST",status="200"}"#,
        r#"llm_http_requests_total{route="/api/requests/{id}",method="GET",status="400"}"#,
        r#"llm_http_requests_total{route="/api/route",method="POST",status="499"}"#,
        r#"llm_http_requests_total{route="unmatched",method="GET",status="404"}"#,
        r#"llm_model_success_rate{model="gpt-4o"}"#,
        "llm_journal_entries",
        "llm_journal_waiting_outcomes 0",
        "llm_journal_refused_total 0",
        "llm_journal_corrupt_total 0",
        "llm_cache_oversized_total 7",
    ] {
        assert!(text.contains(series), "no {series} in\n{text}");
    }
    assert!(!text.contains("not/a/route") && !text.contains("not-a-uuid"));
}

#[tokio::test]
async fn a_record_that_the_database_has_not_taken_is_not_denied() {
    // Nobody takes the records out of the journal.
    let provider: Arc<dyn Provider> = Arc::new(Obedient::default());
    let providers = HashMap::from(["openai", "anthropic", "openrouter"].map(|id| (id.into(), provider.clone())));
    let stage = Stage::with_backing(Settings::default(), engine_settings(), providers, async |directory, _| {
        let store = SqliteStore::open(directory.join("router.db"), SqliteSettings::default()).await.unwrap();
        let store = Arc::new(store);
        Backing::of(store)
    })
    .await;
    let (status, answer) = stage.post("/api/route", &json!({"prompt": "hi"})).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["requestId"].as_str().unwrap();
    let late = reqwest::get(stage.url(&format!("/api/requests/{id}"))).await.unwrap();
    assert_eq!((late.status().as_u16(), late.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    let (status, refused) = stage.post("/api/feedback", &json!({"requestId": id, "rating": 5})).await;
    assert_eq!((status, refused["error"]["field"].as_str()), (503, Some("requestId")), "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("on their way"), "{refused}");
}

#[tokio::test]
async fn a_database_that_never_answers_is_waited_for_and_then_said() {
    let stage = Stage::with_backing(Settings::default(), engine_settings(), HashMap::new(), async |_, _| Backing {
        requests: Arc::new(MuteStore),
        feedback: Arc::new(MuteStore),
        scores: Arc::new(MuteStore),
        statistics: Arc::new(MuteStore),
        spending: Arc::new(DeadStore),
        runs: Arc::new(DeadStore),
        health: Arc::new(DeadStore),
    })
    .await;
    let id = "01890000-0000-7000-8000-000000000000";
    let pair = json!({"modelId": "gpt-4o", "prompt": "hi", "response": "ho", "rating": 4});
    let one = format!("/api/requests/{id}");
    let [list, get, feedback, scores] =
        ["/api/requests", one.as_str(), "/api/feedback", "/api/eval"].map(|path| stage.get(path));
    let [opinion, score] = ["/api/feedback", "/api/eval"].map(|path| stage.post(path, &pair));
    // All at once, so that the test waits for one deadline only.
    let answers = tokio::join!(list, get, feedback, scores, opinion, score);
    for (status, answer) in [answers.0, answers.1, answers.2, answers.3, answers.4, answers.5] {
        assert_eq!((status, answer["error"]["code"].as_str()), (503, Some("records_unavailable")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_names_every_endpoint_and_the_operators_grafana() {
    let stage = Stage::start(Settings::default()).await;
    let (status, index) = stage.get("/").await;
    assert_eq!(status, 200);
    assert_eq!(index["grafanaUrl"], "http://localhost:3001");
    let paths: Vec<_> = index["endpoints"].as_array().unwrap().iter().map(|endpoint| &endpoint["path"]).collect();
    for path in ["/api/route", "/api/models", "/api/health", "/api/metrics"] {
        assert!(paths.iter().any(|known| *known == path), "no {path} in {paths:?}");
    }
}

#[tokio::test]
async fn more_sums_than_a_chart_can_show_are_not_read() {
    let dead = Arc::new(DeadStore);
    let stage = Stage::with_backing(Settings::default(), engine_settings(), HashMap::new(), async |_, _| Backing {
        requests: dead.clone(),
        feedback: dead.clone(),
        scores: dead.clone(),
        statistics: Arc::new(ManySums),
        spending: dead.clone(),
        runs: dead.clone(),
        health: dead,
    })
    .await;
    let (status, refused) = stage.get("/api/stats").await;
    assert_eq!((status, refused["error"]["field"].as_str()), (400, Some("from")), "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("20000 sums"), "{refused}");
}
