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
        place.write("models.toml", LONG_WINDED);
        for replica in 0..replicas {
            // No two runs, and no two tests, share a key of Redis.
            let configuration = format!(
                "[data]\ndir = \"data-{replica}\"\n[cache]\nenabled = false\n[rate_limit]\nburst = 100000\n\
                 requests_per_minute = 100000\n[models]\nfiles = [\"models.toml\"]\n[redis]\nreplicas = {replicas}\nprefix = \"{{test-{}}}:\"\n",
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
    ask_model(server, key, "gpt-4o-mini", prompt).await
}

async fn ask_model(server: &Server, key: &str, model: &str, prompt: &str) -> (StatusCode, Value) {
    let wishes = json!({"fallbacks": false});
    let body = json!({"model": model, "router": wishes, "messages": [{"role": "user", "content": prompt}]});
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

/// What became of a crowd that shares one budget.
struct Crowd {
    answered: usize,
    refused: usize,
    /// Refused because Redis did not answer in time.
    unavailable: usize,
    /// How often a replica decided without Redis, because it did not answer in time.
    alone: f64,
    /// In US dollars, as the ledger has it.
    spent: f64,
}

const REPLICAS: usize = 4;
const REQUESTS: usize = 2_000;

/// Sends so many requests at once, over so many replicas, with one key that may spend a dollar a day.
async fn crowd(model: &'static str, prompt: &str, more: &[&str]) -> Option<Crowd> {
    let redis = redis()?;
    let database = database::schema().await?;
    let shared = Shared::new(&redis, &database, REPLICAS).await;
    let create = ["create", "crowd", "--tenant", "acme", "--daily-usd", "1"];
    let key = shared.keys(&[&create, more].concat()).await;
    let text: Arc<str> = key["key"].as_str().unwrap().into();
    let mut replicas = Vec::new();
    for replica in 0..REPLICAS {
        replicas.push(Arc::new(shared.serve(replica).await));
    }
    // Purses are believed once the ledger was read.
    for replica in &replicas {
        until("the budget to be known", async || ask(replica, &text, "hi").await.0 == StatusCode::OK).await;
    }
    let prompt: Arc<str> = prompt.into();
    let mut asking = tokio::task::JoinSet::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(256));
    for number in 0..REQUESTS {
        let (replica, text) = (Arc::clone(&replicas[number % REPLICAS]), Arc::clone(&text));
        let (prompt, gate) = (Arc::clone(&prompt), Arc::clone(&gate));
        asking.spawn(async move {
            let _place = gate.acquire_owned().await.unwrap();
            ask_model(&replica, &text, model, &format!("{number} {prompt}")).await.0
        });
    }
    let (mut answered, mut refused, mut unavailable) = (0, 0, 0);
    while let Some(status) = asking.join_next().await {
        match status.unwrap() {
            StatusCode::OK => answered += 1,
            StatusCode::PAYMENT_REQUIRED => refused += 1,
            StatusCode::SERVICE_UNAVAILABLE => unavailable += 1,
            other => unreachable!("{other}"),
        }
    }
    for replica in &replicas {
        replica.records_are_written().await;
    }
    let mut alone = 0.0;
    for replica in &replicas {
        let metrics = replica.get("/api/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("llm_limits_decided_alone_total "));
        alone += line.unwrap().parse::<f64>().unwrap();
    }
    let spent = spent(&database, key["id"].as_str().unwrap()).await;
    Some(Crowd { answered, refused, unavailable, alone, spent })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_budget_is_never_exceeded_by_many_replicas_at_once() {
    // Long prompts, so that a dollar is not enough for all of them: 60,000 bytes are reserved as so many tokens.
    let prompt = "word ".repeat(12_000);
    let Some(Crowd { answered, refused, unavailable, alone, spent }) =
        crowd("gpt-4o-mini", &prompt, &["--strict"]).await
    else {
        return;
    };
    println!(
        "{REPLICAS} replicas, {REQUESTS} requests, 1 USD in strict: {answered} answered, {refused} refused, {unavailable} told to come \
         again, ${spent:.6} spent"
    );
    assert!(spent <= 1.0, "{spent}");
    assert!(alone == 0.0, "nobody decides alone about a strict budget");
    assert!(answered > 0 && refused > 0 && spent > 0.2, "{answered} answered, {refused} refused, {spent}");
}

/// Answers with twice as many tokens as are reserved where nobody says how many there may be.
const LONG_WINDED: &str = "[[models]]\nid = \"long-winded\"\nprovider = \"openai\"\nupstreamName = \"gpt-4o+tokens:8192\"\n\
    contextTokens = 128_000\nmaxOutputTokens = 64_000\nprice = { input = 0, output = 10 }\n";
const RESERVED_USD: f64 = 4_096.0 * 10.0 / 1e6;
const COST_USD: f64 = 8_192.0 * 10.0 / 1e6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_is_not_strict_is_exceeded_by_no_more_than_what_is_under_way_costs_beyond_its_reservation() {
    let Some(Crowd { answered, refused, unavailable, alone, spent }) = crowd("long-winded", "go on", &[]).await else {
        return;
    };
    // So many reservations fit into a dollar at once. On a busy machine Redis may not answer in time: then each replica has its
    // share of a dollar as well.
    let dollars = if alone > 0.0 { 2.0 } else { 1.0 };
    let under_way = (dollars / RESERVED_USD).floor();
    let bound = dollars + under_way * (COST_USD - RESERVED_USD);
    println!(
        "{REPLICAS} replicas, {REQUESTS} requests, 1 USD, not strict: {answered} answered, {refused} refused, {alone} decided without \
         Redis, ${spent:.4} spent, at most ${bound:.4}"
    );
    assert_eq!(unavailable, 0, "without Redis there are shares");
    assert!(spent <= bound + 0.001, "{spent}");
    assert!(refused > 0 && spent >= 1.0 - RESERVED_USD, "{answered} answered, {refused} refused, {spent}");
}
