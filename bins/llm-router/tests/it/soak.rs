//! Mixed load with faults for a long time: every answer is one, and memory does not grow. Seconds here; `make soak` makes it
//! half an hour.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::server::Server;
use crate::streaming::{Api, Hearing, alone, model, place, request, say, simulator, used};

/// From here on a run is long enough for memory to have settled.
const LONG: Duration = Duration::from_secs(600);

const CALLERS: usize = 8;

/// Everything is on, and what is remembered is bounded by less than a run of seconds fills.
const CONFIGURATION: &str = "[rate_limit]\nrequests_per_minute = 1000000\nburst = 1000000\nread_requests_per_minute = 1000000\n\
    read_burst = 1000000\n[cache]\nmax_size = \"2MiB\"\n[models]\nfiles = [\"models.toml\"]\n[failover]\nretry_delay = \"5ms\"\n\
    probe_interval = \"1s\"\n[records]\ntext = \"whole\"\n";

fn lasts() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// Models that answer, and models that fail in many ways and have another behind them.
fn catalogue() -> String {
    let spare = "failoverOrder = [\"spare\"]\n";
    let faulty = ["429", "500", "reset", "garbage", "cut-body", "error-in-200", "401", "slow-300ms"];
    let faulty = faulty.map(|fault| model(fault, "openai", &format!("gpt-4o+tokens:60+fault:{fault}"), spare));
    let streams = ["cut-after-20", "error-after-20", "malformed-after-20", "no-terminator"];
    let streams =
        streams.map(|fault| model(fault, "anthropic", &format!("claude-haiku-4-5+tokens:60+fault:{fault}"), spare));
    let prefills = "capabilities = [\"prefill\", \"sampling_parameters\"]\n";
    model("whole", "openai", "gpt-4o+tokens:60", "")
        + &model("paced", "openrouter", "openai/gpt-4o+tokens:60+pace:5ms", "")
        + &model("spare", "anthropic", "claude-haiku-4-5+tokens:60+cached", prefills)
        + &faulty.concat()
        + &streams.concat()
}

/// One request of the mix, by its number. What it came to.
async fn ask(server: &Server, number: usize) -> StatusCode {
    let prompt = format!("request {}", number % 5_000);
    let post = |path: &str, body: Value| server.client.post(server.url(path)).json(&body);
    let chat = |model: &str, prompt: &str| {
        post("/v1/chat/completions", json!({"model": model, "messages": [{"role": "user", "content": prompt}]}))
    };
    let faulty = ["429", "500", "reset", "garbage", "cut-body", "error-in-200", "401", "slow-300ms"];
    let streams = ["cut-after-20", "error-after-20", "malformed-after-20", "no-terminator"];
    let asked = match number % 16 {
        0..4 => chat("whole", &prompt),
        // Again and again the same: most come from the cache.
        4 => chat("whole", "the same"),
        5..8 => chat(faulty[number / 16 % faulty.len()], &prompt),
        8 => post("/api/route", json!({"prompt": prompt})),
        9 => chat("whole", &"a long prompt ".repeat(10_000)),
        10..13 => {
            let model = if number % 16 == 10 { "paced" } else { streams[number / 16 % streams.len()] };
            let api = if (number / 32).is_multiple_of(2) { Api::Chat } else { Api::Native };
            let mut hearing = Hearing::begin(api, request(server, api, model, &prompt)).await;
            if number % 16 == 10 {
                // Leaves in the middle.
                hearing.until(10).await;
            } else {
                hearing.heard_out().await.check_whole();
            }
            return StatusCode::OK;
        }
        13 => server
            .client
            .post(server.url("/v1/chat/completions"))
            .body("{\"model\": ")
            .header("content-type", "application/json"),
        14 => server.client.get(server.url("/api/requests?limit=100")),
        _ => server.client.get(server.url("/api/metrics")),
    };
    let response = asked.send().await.unwrap();
    let status = response.status();
    response.bytes().await.unwrap();
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_mixed_load_with_faults_is_answered_and_leaves_no_memory_behind() {
    let _alone = alone().await;
    let (simulator, lasts) = (simulator().await, lasts());
    let place =
        place(&simulator, &catalogue(), "").with("LOG_LEVEL", "error").holding("llm-router.toml", CONFIGURATION);
    let server = Arc::new(place.serve(&[]).await);
    let (next, end) = (Arc::new(AtomicUsize::new(0)), Instant::now() + lasts);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (server, next) = (Arc::clone(&server), Arc::clone(&next));
        callers.spawn(async move {
            while Instant::now() < end {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let expected = if number % 16 == 13 { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                assert_eq!(ask(&server, number).await, expected, "request {number}");
                sleep(Duration::from_millis(50)).await;
            }
        });
    }
    sleep(lasts / 5).await;
    let warm = used(&server);
    callers.join_all().await;
    let hot = used(&server);
    server.records_are_written().await;
    let requests = next.load(Ordering::Relaxed);
    let unknown = server.read("/api/requests?status=outcome_unknown").await;
    assert_eq!(unknown["items"], json!([]), "every request that was taken has its end");
    let (Some(warm), Some(hot)) = (warm, hot) else {
        say("what a process uses is not known here: memory was not looked at");
        return;
    };
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    say(&format!(
        "{requests} requests in {lasts:?}: resident {:.1} MiB after a fifth, {:.1} MiB at the end ({:+.1} %), {} and {} open files",
        mebibytes(warm.resident),
        mebibytes(hot.resident),
        (hot.resident as f64 / warm.resident as f64 - 1.0) * 100.0,
        warm.files,
        hot.files,
    ));
    if lasts >= LONG {
        assert!(hot.resident * 10 <= warm.resident * 11, "memory grows");
    }
}
