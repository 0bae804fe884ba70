//! A caller that leaves: nobody works on for them, and the record says what it had cost by then.

use std::time::{Duration, Instant};

use router_sim::{Outcome, Simulator};
use tokio::time::sleep;

use crate::process::until;
use crate::server::Server;
use crate::streaming::{Api, Hearing, alone, model, place, request, say, simulator};

/// How soon a provider is left after the caller has left the router.
const SOON: Duration = Duration::from_millis(100);

/// How often each way of leaving is tried: on a busy machine one of them may come late, but hardly half.
const TIMES: usize = 3;

/// When a caller leaves.
#[derive(Debug, Clone, Copy)]
enum When {
    /// The provider has the request, and has not answered at all.
    BeforeHeaders,
    /// The provider has begun a stream that has no word yet.
    BeforeFirstWord,
    /// So many words have reached the caller.
    After(usize),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leave_nobody_working_for_them() {
    let _alone = alone().await;
    let simulator = simulator().await;
    let catalogue = model("paced", "openai", "gpt-4o+tokens:60+pace:8ms", "")
        + &model("paced-foreign", "anthropic", "claude-haiku-4-5+tokens:60+pace:8ms", "")
        + &model("silent", "openai", "gpt-4o+fault:slow-600s", "")
        + &model("late", "openai", "gpt-4o+fault:slow-first-600s", "");
    let place = place(&simulator, &catalogue, "");
    let server = place.serve(&[]).await;
    let mut said = Vec::new();
    for (model, when) in [
        ("silent", When::BeforeHeaders),
        ("late", When::BeforeFirstWord),
        ("paced", When::After(1)),
        ("paced-foreign", When::After(20)),
        ("paced", When::After(40)),
    ] {
        let mut waits = Vec::new();
        for time in 0..TIMES {
            let api = if time % 2 == 0 { Api::Chat } else { Api::Native };
            waits.push(leave(&server, &simulator, api, model, when).await);
        }
        waits.sort_unstable();
        assert!(waits[TIMES / 2] < SOON, "{when:?}: {waits:?}");
        said.push(format!("{when:?} {:.1?} to {:.1?}", waits[0], waits[TIMES - 1]));
    }
    say(&format!("a provider is left by the router after its caller left it: {}", said.join(", ")));
}

/// Begins a stream and leaves it. How long until its provider was left.
async fn leave(server: &Server, simulator: &Simulator, api: Api, model: &str, when: When) -> Duration {
    simulator.reset();
    let request = request(server, api, model, "Good morning");
    let (words, left) = match when {
        When::After(words) => {
            let mut hearing = Hearing::begin(api, request).await;
            hearing.until(words).await;
            let words = hearing.words();
            drop(hearing);
            (words, Instant::now())
        }
        When::BeforeHeaders | When::BeforeFirstWord => {
            let asking = tokio::spawn(request.send());
            until("the provider to be asked", async || !simulator.attempts().is_empty()).await;
            // The headers of a stream without a word yet are on their way, and nobody tells when they have come.
            sleep(SOON).await;
            asking.abort();
            (0, Instant::now())
        }
    };
    while simulator.attempts()[0].outcome == Outcome::Running {
        sleep(Duration::from_millis(1)).await;
    }
    let wait = left.elapsed();
    let attempts = simulator.attempts();
    assert_eq!((attempts.len(), attempts[0].outcome), (1, Outcome::CallerLeft), "{when:?}");
    check_record(server, words, attempts[0].tokens).await;
    wait
}

/// The newest record is that of a caller who left after `heard` words, of which the provider sent no more than `sent`.
async fn check_record(server: &Server, heard: usize, sent: u64) {
    server.records_are_written().await;
    let record = server.read("/api/requests?limit=1").await["items"][0].take();
    assert_eq!(record["status"], "cancelled", "{record}");
    let id = record["requestId"].as_str().unwrap();
    let record = server.read(&format!("/api/requests/{id}")).await;
    let attempts = record["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{record}");
    let usage = &attempts[0]["usage"];
    if heard == 0 {
        // Nobody knows what the provider bills for an answer that nobody saw.
        assert!(usage.is_null() && record["cost"]["status"] == "unpriced", "{record}");
        return;
    }
    let output = usage["output"].as_u64().unwrap();
    assert!(output >= heard as u64 / 2 && output <= sent.max(4) * 4, "{heard} heard, {sent} sent: {record}");
    assert_eq!(record["cost"]["status"], "priced", "{record}");
}
