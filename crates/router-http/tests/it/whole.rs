//! The whole of it: simulated providers on a socket, real adapters, engine, journal, SQLite and server.

use std::collections::HashMap;
use std::sync::Arc;

use router_core::id::ProviderId;
use router_http::settings::Settings;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Fault, FaultKind, Simulator, SimulatorConfig, Wire};
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::writer::{Writer, WriterSettings};
use serde_json::{Value, json};

use crate::stage::{Backing, Stage, engine_settings};

/// A server with simulated providers.
pub(crate) struct Whole {
    pub(crate) stage: Stage,
    pub(crate) simulator: Simulator,
}

impl Whole {
    pub(crate) async fn start() -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let providers: HashMap<ProviderId, Arc<dyn Provider>> =
            [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("openrouter", Wire::OpenRouter)]
                .map(|(name, wire)| {
                    let config = InstanceConfig::new(name)
                        .with_base_url(simulator.base_url(wire))
                        .with_api_key("sk-simulated".to_owned());
                    (ProviderId::from(name), (kinds::find(name).unwrap().build)(&config).unwrap())
                })
                .into();
        let stage =
            Stage::with_backing(Settings::default(), engine_settings(), providers, async |directory, journal| {
                let store = SqliteStore::open(directory.join("router.db"), SqliteSettings::default()).await.unwrap();
                let store = Arc::new(store);
                let writer = Writer::new(journal, store.clone(), WriterSettings::default());
                tokio::spawn(writer.run(std::future::pending()));
                Backing::of(store)
            })
            .await;
        Self { stage, simulator }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().ok_or_else(|| format!("no text `{field}` in {value}")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_is_answered_recorded_and_judged() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let ask = json!({"prompt": "What is AI?", "metadata": {"team": "search"}, "modelId": "gpt-4o"});
    let (status, answer) = stage.post("/api/route", &ask).await;
    assert_eq!(status, 200, "{answer}");
    assert!(text(&answer, "response").starts_with("[simulated] gpt-4o"), "{answer}");
    let id = text(&answer, "requestId").to_owned();

    // At once: the server waits for a record that is on its way to the database.
    let (status, record) = stage.get(&format!("/api/requests/{id}")).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!((text(&record, "status"), text(&record, "modelId")), ("succeeded", "gpt-4o"));
    assert_eq!((text(&record, "prompt"), &record["response"]), ("What is AI?", &answer["response"]));
    assert_eq!(record["metadata"]["team"], "search");
    assert_eq!((text(&record, "finish"), &record["dropped"]), ("stop", &json!([])), "{record}");
    assert!(!text(&record, "upstreamId").is_empty(), "{record}");
    let catalogue = text(&record, "catalogue");
    assert!(catalogue.len() == 16 && u64::from_str_radix(catalogue, 16).unwrap() > 0, "{catalogue}");
    assert!(record.get("upstreamModel").is_some(), "{record}");
    assert_eq!((&record["usage"], &record["cost"]), (&answer["usage"], &answer["cost"]));
    assert_eq!(record["decision"]["candidates"][0]["modelId"], answer["decision"]["candidates"][0]["modelId"]);

    let (status, sums) = stage.get("/api/stats?modelId=gpt-4o").await;
    assert_eq!((status, sums["items"].as_array().unwrap().len()), (200, 1), "{sums}");
    let told = (&sums["total"]["requests"], &sums["total"]["outputTokens"], &sums["total"]["costUsd"]);
    assert_eq!(told, (&json!(1), &record["usage"]["output"], &record["cost"]["usd"]), "{sums}");
    assert!(sums["items"][0]["meanLatencyMs"].as_f64().unwrap() > 0.0, "{sums}");
    assert_eq!(stage.get("/api/stats?step=day&modelId=nobody").await.1["items"], json!([]));
    for (query, field) in [("step=week", "step"), ("to=yesterday", "to"), ("from=2999-01-01T00:00:00Z", "from")] {
        let (status, refused) = stage.get(&format!("/api/stats?{query}")).await;
        assert_eq!((status, text(&refused["error"], "field")), (400, field), "{refused}");
    }
    let (status, refused) = stage.get("/api/stats?from=2001-01-01T00:00:00Z").await;
    assert_eq!((status, text(&refused["error"], "field")), (400, "from"), "{refused}");

    let (status, feedback) =
        stage.post("/api/feedback", &json!({"requestId": id, "thumbs": "up", "comment": "Yes."})).await;
    assert_eq!(status, 201, "{feedback}");
    assert_eq!(
        (&feedback["rating"], text(&feedback, "modelId"), &feedback["unresolved"]),
        (&json!(5), "gpt-4o", &json!(false))
    );
    let (status, score) =
        stage.post("/api/eval", &json!({"requestId": id, "score": 0.9, "metric": "accuracy", "judge": "exact"})).await;
    assert_eq!((status, &score["score"]), (201, &json!(0.9)), "{score}");

    for (path, kept) in [("/api/feedback", &feedback), ("/api/eval", &score)] {
        let (_, page) = stage.get(&format!("{path}?requestId={id}")).await;
        assert_eq!((&page["items"][0], &page["next"]), (kept, &Value::Null));
        assert_eq!(stage.get(&format!("{path}?modelId=nobody")).await.1["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judgements_of_answers_from_elsewhere_are_kept() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    // As the product's first documentation printed it.
    let example: Value = serde_json::from_str(
        r#"{"modelId":"gpt-4o","prompt":"What is AI?","response":"AI is...","feedback":{"rating":5,"category":"accuracy","comment":"Great explanation!"}}"#,
    )
    .unwrap();
    let (status, feedback) = stage.post("/api/feedback", &example).await;
    assert_eq!(status, 201, "{feedback}");
    assert_eq!((text(&feedback, "category"), text(&feedback, "comment")), ("accuracy", "Great explanation!"));
    assert_eq!((&feedback["unresolved"], text(&feedback, "promptType")), (&json!(false), "question_answering"));
    let (status, score) = stage.post("/api/eval", &example).await;
    assert_eq!(status, 201, "{score}");
    assert_eq!((&score["score"], text(&score, "metric"), text(&score, "judge")), (&json!(1.0), "accuracy", "human"));

    let mut unknown = example.clone();
    unknown["modelId"] = "gpt-2-at-home".into();
    let (status, kept) = stage.post("/api/feedback", &unknown).await;
    assert_eq!((status, &kept["unresolved"]), (201, &json!(true)));

    let nowhere = json!({"requestId": "01890000-0000-7000-8000-000000000000", "rating": 4});
    let (status, missing) = stage.post("/api/feedback", &nowhere).await;
    assert_eq!((status, text(&missing["error"], "field")), (404, "requestId"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_answers_are_judged() {
    let Whole { stage, simulator } = Whole::start().await;
    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::ServerError)));
    let alone = json!({"prompt": "hi", "modelId": "gpt-4o", "fallbacks": false});
    let (_, failed) = stage.post("/api/route", &alone).await;
    let id = text(&failed["error"], "requestId");
    let (_, record) = stage.get(&format!("/api/requests/{id}")).await;
    assert_eq!((text(&record, "status"), text(&record, "modelId")), ("failed", "gpt-4o"), "{record}");
    for path in ["/api/feedback", "/api/eval"] {
        let (status, refused) = stage.post(path, &json!({"requestId": id, "thumbs": "down"})).await;
        assert_eq!((status, text(&refused["error"], "field")), (400, "requestId"), "{refused}");
        assert_eq!(stage.get(path).await.1["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_filtered_and_go_on_where_they_stopped() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let mut asked = Vec::new();
    for (model, kind) in [("gpt-4o", "analysis"), ("gpt-4o", "general"), ("claude-haiku-4-5", "analysis")] {
        let ask = json!({"prompt": "hi", "modelId": model, "promptType": kind, "cache": "bypass", "fallbacks": false});
        let (status, answer) = stage.post("/api/route", &ask).await;
        assert_eq!(status, 200, "{answer}");
        asked.push(text(&answer, "requestId").to_owned());
    }
    stage.get(&format!("/api/requests/{}", asked[2])).await;

    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| text(item, "requestId").to_owned()).collect()
    };
    let (_, first) = stage.get("/api/requests?limit=2").await;
    assert_eq!(ids(&first), [asked[2].clone(), asked[1].clone()]);
    let (_, second) = stage.get(&format!("/api/requests?limit=2&before={}", text(&first, "next"))).await;
    assert_eq!((ids(&second), &second["next"]), (vec![asked[0].clone()], &Value::Null));
    let (_, filtered) = stage.get("/api/requests?modelId=gpt-4o&promptType=analysis&status=succeeded").await;
    assert_eq!(ids(&filtered), [asked[0].clone()]);
    assert_eq!(stage.get("/api/requests?status=failed").await.1["items"], json!([]));
    assert_eq!(stage.get("/api/requests/01890000-0000-7000-8000-000000000000").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failover_and_health_are_visible() {
    let Whole { stage, simulator } = Whole::start().await;
    let (_, health) = stage.get("/api/health").await;
    assert_eq!(text(&health, "status"), "ok", "{health}");
    assert_eq!((text(&health["database"], "status"), text(&health["providers"][0], "status")), ("up", "unknown"));

    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::ServerError)));
    let (status, answer) = stage.post("/api/route", &json!({"prompt": "hi", "modelId": "gpt-4o"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_ne!(text(&answer, "modelId"), "gpt-4o");
    let attempts = answer["attempts"].as_array().unwrap();
    assert_eq!(attempts[0]["outcome"]["kind"], "server_error", "{answer}");
    assert_eq!(attempts.last().unwrap()["outcome"]["status"], "succeeded");

    // A key the provider refuses is our trouble, never the caller's 401.
    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::BadKey)));
    let alone = json!({"prompt": "hi", "modelId": "gpt-4o", "fallbacks": false});
    let (status, answer) = stage.post("/api/route", &alone).await;
    assert_eq!((status, text(&answer["error"], "code")), (503, "upstream_misconfigured"), "{answer}");
    let (status, health) = stage.get("/api/health").await;
    assert_eq!((status, text(&health, "status")), (200, "degraded"));
    let openai = health["providers"].as_array().unwrap().iter().find(|provider| provider["id"] == "openai").unwrap();
    assert_eq!((text(openai, "status"), text(openai, "lastError")), ("down", "auth"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_of_the_openapi_document_work() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let document = router_http::openapi::openapi();
    let mut sent = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        // Those need somebody to administrate: see `accounts`.
        if path.starts_with("/api/admin/") || path.starts_with("/api/auth/") {
            continue;
        }
        let Some(examples) = operations["post"]["requestBody"]["content"]["application/json"]["examples"].as_object()
        else {
            continue;
        };
        for (name, example) in examples {
            let response = reqwest::Client::new().post(stage.url(path)).json(&example["value"]).send().await.unwrap();
            let (status, answer) = (response.status().as_u16(), response.text().await.unwrap());
            // Those that name a request are right about everything but the request.
            let expected = if example["value"]["requestId"].is_string() { 404..=404 } else { 200..=201 };
            assert!(expected.contains(&status), "{path} {name}: {status} {answer}");
            sent += 1;
        }
    }
    assert!(sent >= 7, "only {sent} examples");
}
