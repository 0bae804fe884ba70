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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_spent_stands_beside_what_may_be_and_a_keys_grants_can_be_changed() {
    let people = People::new(Anonymous::Nobody).await;
    let stage = start(&people, engine_settings()).await;
    let client = Client::new();
    let admin = people.key("theirs", Role::Admin, |_| {}).await.1;
    let (id, ours) = people.key("ours", Role::Caller, |_| {}).await;
    let patch = |body: Value| client.patch(stage.url(&format!("/api/admin/keys/{id}"))).json(&body);
    let budget = json!([{"period": "day", "limitUsd": 0.5, "strict": true}]);
    let (status, changed) = sent(patch(json!({"budgets": budget, "allowedModels": ["gpt-4o"]})), &admin).await;
    assert_eq!((status, &changed["allowedModels"]), (200, &json!(["gpt-4o"])), "{changed}");
    let ask = |model: &str| {
        client.post(stage.url("/api/route")).json(&json!({"prompt": "hi", "modelId": model, "fallbacks": false}))
    };
    assert_eq!(sent(ask("gpt-4o-mini"), &ours).await.0, 400, "another model");
    let (status, answer) = sent(ask("gpt-4o"), &ours).await;
    assert_eq!(status, 200, "{answer}");
    let cost = answer["cost"]["usd"].as_f64().unwrap();
    assert!(cost > 0.0);

    let account = format!("key:{id}");
    let spent = async || {
        let (status, budgets) = sent(client.get(stage.url("/api/admin/budgets")), &admin).await;
        assert_eq!(status, 200, "{budgets}");
        let mine = budgets["items"].as_array().unwrap().iter().find(|line| line["account"] == account).cloned();
        mine.unwrap()
    };
    // The record is on its way; the budget is known at once.
    let (_, _) =
        sent(client.get(stage.url(&format!("/api/requests/{}", answer["requestId"].as_str().unwrap()))), &ours).await;
    let line = spent().await;
    assert_eq!((&line["tenant"], line["dayUsd"].as_f64()), (&json!("ours"), Some(cost)), "{line}");
    let budget = &line["budgets"][0];
    assert_eq!((budget["spentUsd"].as_f64(), budget["limitUsd"].as_f64()), (Some(cost), Some(0.5)), "{line}");
    assert!((budget["leftUsd"].as_f64().unwrap() - (0.5 - cost)).abs() < 1e-9, "{line}");

    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"budgets": [{"period": "day", "limitUsd": -1}]}), "budgets"),
        (json!({"tenant": "theirs"}), "tenant"),
        (json!({"role": "system"}), "role"),
    ] {
        let (status, refused) = sent(patch(body), &admin).await;
        assert_eq!((status, &refused["error"]["field"]), (400, &json!(field)), "{refused}");
    }
    // Null gives back what was taken.
    let (status, changed) = sent(patch(json!({"allowedModels": null, "budgets": []})), &admin).await;
    assert_eq!((status, &changed["allowedModels"], &changed["budgets"]), (200, &json!(null), &json!([])), "{changed}");
    assert_eq!(sent(ask("gpt-4o-mini"), &ours).await.0, 200);
    assert_eq!(spent().await["budgets"], json!([]), "what was spent is still told");
    assert_eq!(sent(client.delete(stage.url(&format!("/api/admin/keys/{id}"))), &admin).await.0, 200);
    let (status, refused) = sent(patch(json!({"name": "again"})), &admin).await;
    assert_eq!(status, 400, "{refused}");
}

/// The next event of a live list, or nothing within a few seconds.
async fn next_event(response: &mut reqwest::Response, text: &mut String) -> Option<String> {
    let read = async {
        loop {
            if let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                if !event.starts_with(':') {
                    return event;
                }
                continue;
            }
            let chunk = response.chunk().await.unwrap().expect("it goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(4), read).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_seen_as_they_come_by_their_own_tenant_and_by_administrators() {
    let people = People::new(Anonymous::Nobody).await;
    let mut stage = start(&people, engine_settings()).await;
    let client = Client::new();
    let ours = people.key("ours", Role::Caller, |_| {}).await.1;
    let theirs = people.key("theirs", Role::Analyst, |_| {}).await.1;
    let admin = people.key("theirs", Role::Admin, |_| {}).await.1;
    let ask = async |prompt: &str, model: &str| {
        let body = json!({"prompt": prompt, "modelId": model, "fallbacks": false});
        let (status, answer) = sent(client.post(stage.url("/api/route")).json(&body), &ours).await;
        assert_eq!(status, 200, "{answer}");
        let id = answer["requestId"].as_str().unwrap().to_owned();
        assert_eq!(sent(client.get(stage.url(&format!("/api/requests/{id}"))), &ours).await.0, 200);
        id
    };
    let early = [ask("one", "gpt-4o").await, ask("two", "gpt-4o").await];
    let watch = async |query: &str, key: &str| {
        let url = stage.url(&format!("/api/requests/stream{query}"));
        let response = client.get(url).bearer_auth(key).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        response
    };
    let mut watching = [
        (watch("?recent=1", &ours).await, String::new()),
        (watch("", &admin).await, String::new()),
        (watch("?modelId=gpt-4o-mini", &ours).await, String::new()),
        (watch("?recent=100", &theirs).await, String::new()),
    ];
    for (response, text) in &mut watching {
        assert_eq!(next_event(response, text).await.as_deref(), Some("retry: 1000\n\n"));
    }
    let late = ask("three", "gpt-4o").await;
    let event = |id: &str| format!("event: request\nid: {id}\ndata: {{\"requestId\":\"{id}\",");
    let [(mine, mine_text), (all, all_text), (mini, mini_text), (other, other_text)] = &mut watching;
    let first = next_event(mine, mine_text).await.unwrap();
    assert!(first.starts_with(&event(&early[1])) && !first.contains("three"), "{first}");
    assert!(next_event(mine, mine_text).await.unwrap().starts_with(&event(&late)));
    assert!(next_event(all, all_text).await.unwrap().starts_with(&event(&late)));
    let other_model = ask("four", "gpt-4o-mini").await;
    assert!(next_event(mini, mini_text).await.unwrap().starts_with(&event(&other_model)));
    assert_eq!(next_event(other, other_text).await, None, "another tenant's");

    let (status, refused) = sent(client.get(stage.url("/api/requests/stream?recent=101")), &ours).await;
    assert_eq!((status, &refused["error"]["field"]), (400, &json!("recent")), "{refused}");
    // Whoever watches keeps no server from stopping.
    let begun = std::time::Instant::now();
    stage.tell_to_stop();
    assert!(matches!(stage.stopped().await, router_http::server::Stopped::Clean));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evaluation_is_followed_by_its_own_tenant_from_beginning_to_end() {
    let people = People::new(Anonymous::Nobody).await;
    let stage = start(&people, engine_settings()).await;
    let client = Client::new();
    let ours = people.key("ours", Role::Caller, |_| {}).await.1;
    let theirs = people.key("theirs", Role::Caller, |_| {}).await.1;
    let begin = client.post(stage.url("/api/eval/runs")).json(&json!({"name": "nightly", "total": 2}));
    let (status, run) = sent(begin, &ours).await;
    assert_eq!((status, &run["status"], &run["scored"]), (201, &json!("running"), &json!(0)), "{run}");
    let id = run["id"].as_str().unwrap();
    let url = stage.url(&format!("/api/eval/runs/{id}"));
    let score = || {
        let body = json!({"runId": id, "modelId": "gpt-4o", "prompt": "a", "response": "b", "score": 0.5});
        client.post(stage.url("/api/eval")).json(&body)
    };
    assert_eq!(sent(score(), &ours).await.0, 201);
    let (status, refused) = sent(score(), &theirs).await;
    assert_eq!((status, &refused["error"]["field"]), (404, &json!("runId")), "{refused}");
    let (_, run) = sent(client.get(&url), &ours).await;
    assert_eq!((&run["scored"], &run["total"]), (&json!(1), &json!(2)), "{run}");
    assert_eq!(sent(client.get(&url), &theirs).await.0, 404);
    let end = |body: Value| client.patch(&url).json(&body);
    assert_eq!(sent(end(json!({"status": "done"})), &theirs).await.0, 404);
    assert_eq!(sent(end(json!({"status": "running"})), &ours).await.0, 400);
    let (status, run) = sent(end(json!({"status": "done", "message": "all well"})), &ours).await;
    assert_eq!((status, &run["status"], &run["message"]), (200, &json!("done"), &json!("all well")), "{run}");
    assert!(run["endedAt"].is_string());
    assert_eq!(sent(end(json!({"status": "failed"})), &ours).await.0, 400, "it has ended");
    assert_eq!(sent(score(), &ours).await.0, 400, "it has ended");
    let (_, runs) = sent(client.get(stage.url("/api/eval/runs")), &ours).await;
    assert_eq!(runs["items"].as_array().unwrap().len(), 1);
    let (_, scores) = sent(client.get(stage.url(&format!("/api/eval?runId={id}"))), &ours).await;
    assert_eq!(scores["items"][0]["runId"], id, "{scores}");
    let (_, runs) = sent(client.get(stage.url("/api/eval/runs")), &theirs).await;
    assert_eq!(runs["items"], json!([]));
}
