//! Several replicas on one database (a file, or a PostgreSQL server) and one Redis: keys, limits and budgets are the same in all of them.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::Offset;
use reqwest::StatusCode;
use router_core::grants::Account;
use router_sim::{Simulator, SimulatorConfig, Wire};
use router_store::postgres::{PostgresSettings, PostgresStore};
use router_store::spending::SpendingLedger;
use serde_json::{Value, json};

use crate::database;
use crate::process::until;
use crate::server::{Place, Server};

const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

/// The Redis of this run, if there is one.
fn redis() -> Option<String> {
    let url = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("TEST_REDIS_URL is not set: replicas on one Redis were not tested");
        assert!(std::env::var_os("CI").is_none(), "a run that counts has a Redis");
    }
    url
}

/// A configuration of its own for each replica; the database and the Redis are the same.
struct Shared {
    place: Place,
    _simulator: Simulator,
}

impl Shared {
    async fn new(redis: &str, database: &str, replicas: usize) -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let place = Place::new()
            .with("REDIS_URL", redis)
            .with("API_KEY_SECRET", SECRET)
            .with("JWT_SECRET", SECRET)
            .with("OPENAI_API_KEY", "sk-simulated")
            .with("OPENAI_BASE_URL", simulator.base_url(Wire::OpenAi));
        let place = place.with("DATABASE_URL", database).with("LOG_LEVEL", "warn");
        for replica in 0..replicas {
            // No two runs, and no two tests, share a key of Redis.
            let configuration = format!(
                "[data]\ndir = \"data-{replica}\"\n[cache]\nenabled = false\n[rate_limit]\nburst = 100000\n\
                 requests_per_minute = 100000\n[redis]\nreplicas = {replicas}\nprefix = \"{{test-{}}}:\"\n",
                simulator.base_url(Wire::OpenAi).replace(['/', ':'], "-")
            );
            place.write(&format!("{replica}.toml"), &configuration);
        }
        Self { place, _simulator: simulator }
    }

    async fn serve(&self, replica: usize) -> Server {
        self.place.serve(&["--config", &format!("{replica}.toml")]).await
    }

    async fn keys(&self, arguments: &[&str]) -> Value {
        let finished = self.place.run(&[&["keys", "--json", "--config", "0.toml"], arguments].concat()).await;
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        serde_json::from_str(&finished.out).unwrap()
    }
}

async fn ask(server: &Server, key: &str, prompt: &str) -> (StatusCode, Value) {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]});
    let request = server.client.post(server.url("/v1/chat/completions")).bearer_auth(key).json(&body);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_made_on_the_command_line_is_known_to_all_and_refused_by_all_once_it_is_revoked() {
    let Some(redis) = redis() else { return };
    let shared = Shared::new(&redis, "sqlite:shared.db", 2).await;
    let replicas = [shared.serve(0).await, shared.serve(1).await];
    let key = shared.keys(&["create", "laptop", "--tenant", "acme"]).await;
    let (text, id) = (key["key"].as_str().unwrap(), key["id"].as_str().unwrap());
    for replica in &replicas {
        until("the key to be known", async || ask(replica, text, "hi").await.0 == StatusCode::OK).await;
    }
    let rotated = shared.keys(&["rotate", id, "--overlap-hours", "1"]).await;
    let fresh = rotated["key"].as_str().unwrap();
    for replica in &replicas {
        until("the new key to be known", async || ask(replica, fresh, "hi").await.0 == StatusCode::OK).await;
        assert_eq!(ask(replica, text, "hi").await.0, StatusCode::OK, "the old one is good for an hour");
    }
    shared.keys(&["revoke", id]).await;
    for replica in &replicas {
        until("the key to be refused", async || ask(replica, text, "hi").await.0 == StatusCode::UNAUTHORIZED).await;
    }
    // What was made is there after a restart, and nothing of it can be used by whoever reads the database.
    drop(replicas);
    let again = shared.serve(1).await;
    assert_eq!(ask(&again, fresh, "hi").await.0, StatusCode::OK);
    let secret = fresh.rsplit('-').next().unwrap();
    let database = std::fs::read(shared.place.path("shared.db")).unwrap();
    assert!(!database.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

/// What the ledger says that a key has spent, in US dollars.
async fn spent(database: &str, key: &str) -> f64 {
    let store = PostgresStore::new(database, PostgresSettings::default()).unwrap();
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let spending = store.spending(today).await.unwrap();
    let account = Account::Key(key.into());
    spending.iter().find(|line| line.account == account).unwrap().total.dollars()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_budget_is_never_exceeded_by_many_replicas_at_once() {
    const REPLICAS: usize = 4;
    const REQUESTS: usize = 2_000;
    let Some(redis) = redis() else { return };
    let Some(database) = database::schema().await else { return };
    let shared = Shared::new(&redis, &database, REPLICAS).await;
    let key = shared.keys(&["create", "crowd", "--tenant", "acme", "--daily-usd", "1", "--strict"]).await;
    let text: Arc<str> = key["key"].as_str().unwrap().into();
    let mut replicas = Vec::new();
    for replica in 0..REPLICAS {
        replicas.push(Arc::new(shared.serve(replica).await));
    }
    // Purses are believed once the ledger was read.
    for replica in &replicas {
        until("the budget to be known", async || ask(replica, &text, "hi").await.0 == StatusCode::OK).await;
    }
    // Long prompts, so that a dollar is not enough for all of them: 60,000 bytes are reserved as so many tokens.
    let prompt: Arc<str> = "word ".repeat(12_000).into();
    let mut asking = tokio::task::JoinSet::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(256));
    for number in 0..REQUESTS {
        let (replica, text) = (Arc::clone(&replicas[number % REPLICAS]), Arc::clone(&text));
        let (prompt, gate) = (Arc::clone(&prompt), Arc::clone(&gate));
        asking.spawn(async move {
            let _place = gate.acquire_owned().await.unwrap();
            ask(&replica, &text, &format!("{number} {prompt}")).await.0
        });
    }
    let (mut answered, mut refused) = (0, 0);
    while let Some(status) = asking.join_next().await {
        match status.unwrap() {
            StatusCode::OK => answered += 1,
            StatusCode::PAYMENT_REQUIRED => refused += 1,
            other => unreachable!("{other}"),
        }
    }
    for replica in &replicas {
        replica.records_are_written().await;
    }
    let spent = spent(&database, key["id"].as_str().unwrap()).await;
    println!(
        "{REPLICAS} replicas, {REQUESTS} requests, 1 USD in strict: {answered} answered, {refused} refused, ${spent:.6} spent"
    );
    assert!(spent <= 1.0, "{spent}");
    assert!(answered > 0 && refused > 0 && spent > 0.2, "{answered} answered, {refused} refused, {spent}");
}
