//! A Redis that dies, comes back empty, or stops answering, under load of two replicas: answers go on, limits hold within what
//! is promised, and all is well again by itself. A short outage here; `make chaos` makes it a minute.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::outages::{TURN, away, p99};
use crate::process::until;
use crate::redis::Redis;
use crate::server::{Place, Server};

const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

/// Requests a second of the key that is hardly limited, over both replicas.
const RATE: u32 = 100;

/// Of the key that is: requests a minute, and at once.
const PER_MINUTE: f64 = 60.0;
const BURST: f64 = 10.0;

/// The most that an outage may add to an answer.
const ADDED: Duration = Duration::from_millis(50);

/// Two replicas, and two keys.
struct Rig {
    replicas: [Arc<Server>; 2],
    free: String,
    limited: String,
    begun: Instant,
    admitted: usize,
    _place: Place,
    _simulator: Simulator,
}

impl Rig {
    async fn new(redis: &Redis) -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let place = Place::new()
            .with("REDIS_URL", redis.url())
            .with("DATABASE_URL", "sqlite:shared.db")
            .with("API_KEY_SECRET", SECRET)
            .with("JWT_SECRET", SECRET)
            .with("LOG_LEVEL", "warn")
            .with("OPENAI_API_KEY", "sk-simulated")
            .with("OPENAI_BASE_URL", simulator.base_url(Wire::OpenAi));
        for replica in 0..2 {
            let configuration = format!(
                "[data]\ndir = \"data-{replica}\"\n[cache]\nenabled = false\n[rate_limit]\nburst = {BURST}\n\
                 requests_per_minute = 100000\n[redis]\nreplicas = 2\n"
            );
            place.write(&format!("{replica}.toml"), &configuration);
        }
        let key = async |name: &str, per_minute: &str| {
            let create = ["keys", "--json", "--config", "0.toml", "create", name, "--requests-per-minute", per_minute];
            let made = place.run(&create).await;
            let key: Value = serde_json::from_str(&made.out).unwrap_or_else(|_| unreachable!("{}", made.err));
            key["key"].as_str().unwrap().to_owned()
        };
        let (free, limited) = (key("free", "1000000").await, key("limited", &PER_MINUTE.to_string()).await);
        let replicas = [place.serve(&["--config", "0.toml"]).await, place.serve(&["--config", "1.toml"]).await];
        let replicas = replicas.map(Arc::new);
        for replica in &replicas {
            until("Redis to be up", async || is_up(replica).await).await;
        }
        let begun = Instant::now();
        Self { replicas, free, limited, begun, admitted: 0, _place: place, _simulator: simulator }
    }

    /// Asks at [`RATE`] for so long, every one with success; beside it with the limited key, as often. How long each answer
    /// took, sorted.
    async fn ask(&mut self, time: Duration) -> Vec<Duration> {
        let (mut free, mut limited) = (JoinSet::new(), JoinSet::new());
        let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
        let end = Instant::now() + time;
        let mut turn = 0;
        while Instant::now() < end {
            tick.tick().await;
            turn += 1;
            let replica = Arc::clone(&self.replicas[turn % 2]);
            let key = self.free.clone();
            free.spawn(async move {
                let asked = Instant::now();
                assert_eq!(ask(&replica, &key).await, StatusCode::OK);
                asked.elapsed()
            });
            let (replica, key) = (Arc::clone(&self.replicas[turn / 2 % 2]), self.limited.clone());
            limited.spawn(async move { ask(&replica, &key).await });
        }
        for status in limited.join_all().await {
            match status {
                StatusCode::OK => self.admitted += 1,
                other => assert_eq!(other, StatusCode::TOO_MANY_REQUESTS),
            }
        }
        let mut taken = free.join_all().await;
        taken.sort_unstable();
        taken
    }

    /// Says what it was like, and checks what was promised. `bursts` is how often an allowance may have begun anew.
    fn account(&self, name: &str, parts: [Vec<Duration>; 3], back: Duration, bursts: f64) {
        let bound = PER_MINUTE * self.begun.elapsed().as_secs_f64() / 60.0 + bursts * BURST;
        let median = |part: &[Duration]| part[part.len() / 2];
        let (calm, troubled) = (median(&parts[0]), median(&parts[1]));
        let [before, during, after] = parts.map(|part| p99(&part));
        println!(
            "{name} for {:?}: p99 {before:.1?} before, {during:.1?} during, {after:.1?} after; of a key with {PER_MINUTE} a minute \
             {} admitted, at most {bound:.0}; used again {back:.1?} after its return",
            away(),
            self.admitted,
        );
        assert!(self.admitted as f64 <= bound, "{} admitted", self.admitted);
        assert!(self.admitted as f64 >= BURST, "the limit is no ban");
        assert!(troubled < calm + ADDED, "{calm:?} before, {troubled:?} during");
        // Tails are compared only where nothing else runs.
        if std::env::var_os("CHAOS_SECONDS").is_some() {
            assert!(during < before + ADDED, "{before:?} before, {during:?} during");
        }
    }

    /// How long until every replica uses Redis again.
    async fn back(&self) -> Duration {
        let begun = Instant::now();
        for replica in &self.replicas {
            until("Redis to be used again", async || is_up(replica).await).await;
        }
        begun.elapsed()
    }
}

async fn ask(server: &Server, key: &str) -> StatusCode {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    let request = server.client.post(server.url("/v1/chat/completions")).bearer_auth(key).json(&body);
    let response = request.send().await.unwrap();
    let status = response.status();
    response.bytes().await.unwrap();
    status
}

async fn is_up(server: &Server) -> bool {
    server.read("/api/health").await["redis"]["status"] == "up"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_empty_costs_no_answer() {
    let _turn = TURN.lock().await;
    let Some(mut redis) = Redis::start().await else { return };
    let mut rig = Rig::new(&redis).await;
    let before = rig.ask(Duration::from_secs(2)).await;
    redis.kill();
    let during = rig.ask(away()).await;
    redis.start_again().await;
    let back = rig.back().await;
    let after = rig.ask(Duration::from_secs(2)).await;
    // At the beginning, with the shares of both replicas together, and with the empty Redis.
    rig.account("kill -9 of Redis", [before, during, after], back, 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_accepts_and_never_answers_costs_no_answer() {
    let _turn = TURN.lock().await;
    let Some(redis) = Redis::start().await else { return };
    let mut rig = Rig::new(&redis).await;
    let before = rig.ask(Duration::from_secs(2)).await;
    redis.stop();
    let during = rig.ask(away()).await;
    redis.go_on();
    let back = rig.back().await;
    let after = rig.ask(Duration::from_secs(2)).await;
    // At the beginning, with the shares of both replicas together, and what Redis allows again meanwhile.
    rig.account("SIGSTOP of Redis", [before, during, after], back, 3.0);
}
