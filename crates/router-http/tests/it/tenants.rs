//! Two tenants on one server with a real database: neither sees anything of the other, tried from every side.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use router_core::grants::{Limits, Rate};
use router_core::id::ProviderId;
use router_core::principal::Role;
use router_core::registry::Registry;
use router_engine::settings::EngineSettings;
use router_http::auth::Anonymous;
use router_http::settings::Settings;
use router_providers::provider::Provider;
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::writer::{Writer, WriterSettings};
use serde_json::{Value, json};

use crate::doubles::Obedient;
use crate::identities::People;
use crate::stage::{Backing, Stage, engine_settings};

async fn start(people: &People, settings: EngineSettings) -> Stage {
    let provider = Arc::new(Obedient::default());
    let named = |name: &str| (ProviderId::from(name), Arc::clone(&provider) as Arc<dyn Provider>);
    let providers = HashMap::from(["openai", "anthropic", "openrouter"].map(named));
    Stage::with_all(
        Registry::shipped(),
        Settings::default(),
        settings,
        providers,
        people.auth.clone(),
        async |directory, journal| {
            let store = SqliteStore::open(directory.join("router.db"), SqliteSettings::default()).await.unwrap();
            let store = Arc::new(store);
            let writer = Writer::new(journal, store.clone(), WriterSettings::default());
            tokio::spawn(writer.run(std::future::pending()));
            Backing::of(store)
        },
    )
    .await
}

async fn sent(request: RequestBuilder, key: &str) -> (u16, Value) {
    let response = request.bearer_auth(key).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_feedback_and_scores_are_their_own_tenants() {
    let people = People::new(Anonymous::Nobody).await;
    let stage = start(&people, engine_settings()).await;
    let client = Client::new();
    let ours = people.key("ours", Role::Caller, |_| {}).await.1;
    let analyst = people.key("ours", Role::Analyst, |_| {}).await.1;
    let admin = people.key("theirs", Role::Admin, |_| {}).await.1;
    let strangers =
        [people.key("theirs", Role::Caller, |_| {}).await.1, people.key("theirs", Role::Analyst, |_| {}).await.1];
    let ask = json!({"prompt": "our secret plan", "modelId": "gpt-4o"});
    let (status, answer) = sent(client.post(stage.url("/api/route")).json(&ask), &ours).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["requestId"].as_str().unwrap();
    let judge = |what: &Value| client.post(stage.url("/api/feedback")).json(what);
    let thumb = json!({"requestId": id, "thumbs": "up", "comment": "our secret opinion"});
    let score = json!({"requestId": id, "scores": {"accuracy": 0.5}});
    assert_eq!(sent(judge(&thumb), &ours).await.0, 201);
    let (status, scored) = sent(client.post(stage.url("/api/eval")).json(&score), &ours).await;
    assert!([201, 400].contains(&status), "{scored}");

    let one = || client.get(stage.url(&format!("/api/requests/{id}")));
    let lists = ["/api/requests", "/api/feedback", "/api/eval", "/api/stats"];
    for mine in [&ours, &analyst, &admin] {
        assert_eq!(sent(one(), mine).await.0, 200);
        for list in ["/api/requests", "/api/feedback", "/api/stats"] {
            let (_, page) = sent(client.get(stage.url(list)), mine).await;
            assert_eq!(page["items"].as_array().unwrap().len(), 1, "{list}: {page}");
        }
    }
    for stranger in &strangers {
        let (status, told) = sent(one(), stranger).await;
        assert_eq!((status, &told["error"]["code"]), (404, &json!("not_found")), "as if it were not there");
        for list in lists {
            let (status, page) = sent(client.get(stage.url(list)), stranger).await;
            assert_eq!((status, &page["items"]), (200, &json!([])), "{list}");
        }
        let by_request = format!("/api/feedback?requestId={id}");
        assert_eq!(sent(client.get(stage.url(&by_request)), stranger).await.1["items"], json!([]));
    }
    assert_eq!(sent(judge(&thumb), &strangers[0]).await.0, 404, "nor judge it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cached_answer_and_a_limit_are_their_own_tenants() {
    let people = People::new(Anonymous::Nobody).await;
    let tight = Rate { per_minute: 1, burst: 2 };
    let stage = start(
        &people,
        EngineSettings { caller_limits: Limits { requests: Some(tight), ..Limits::default() }, ..engine_settings() },
    )
    .await;
    let client = Client::new();
    let ours = people.key("ours", Role::Caller, |_| {}).await.1;
    let theirs = people.key("theirs", Role::Caller, |_| {}).await.1;
    let ask = json!({"prompt": "the very same words", "modelId": "gpt-4o", "temperature": 0});
    let route = || client.post(stage.url("/api/route")).json(&ask);
    assert_eq!(sent(route(), &ours).await.1["cached"], false);
    assert_eq!(sent(route(), &ours).await.1["cached"], true);
    while sent(route(), &ours).await.0 != 429 {}
    let (status, answer) = sent(route(), &theirs).await;
    assert_eq!((status, &answer["cached"]), (200, &json!(false)), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_uses_the_models_it_was_made_for() {
    let people = People::new(Anonymous::Nobody).await;
    let stage = start(&people, engine_settings()).await;
    let client = Client::new();
    let narrow = people.key("ours", Role::Caller, |key| key.allowed_models = Some(vec!["gpt-4o".into()])).await.1;
    let route = |ask: Value| client.post(stage.url("/api/route")).json(&ask);
    let (status, answer) = sent(route(json!({"prompt": "Hello"})), &narrow).await;
    assert_eq!((status, &answer["modelId"]), (200, &json!("gpt-4o")), "{answer}");
    let (status, answer) = sent(route(json!({"prompt": "Hello", "modelId": "gpt-4o-mini"})), &narrow).await;
    assert_ne!(answer["modelId"], "gpt-4o-mini", "{status} {answer}");
    let (_, models) = sent(client.get(stage.url("/v1/models")), &narrow).await;
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert!(!ids.contains(&&json!("gpt-4o-mini")), "{ids:?}");
}
