//! A thousand streams at a time: none is lost, none is cut short.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::server::Server;
use crate::streaming::{Api, Hearing, Used, alone, catalogue, place, request, say, simulator, used};

const STREAMS: usize = 1000;

/// Slow enough that the last stream begins before the first one ends.
const SUFFIXES: &str = "+tokens:60+pace:200ms";

/// The kinds of stream, in turn: a fifth is cut after 40 words and goes on elsewhere.
const KINDS: [(Api, &str); 10] = [
    (Api::Chat, "openai-whole"),
    (Api::Chat, "anthropic-whole"),
    (Api::Chat, "openrouter-whole"),
    (Api::Chat, "openai-cut"),
    (Api::Native, "openai-whole"),
    (Api::Chat, "openai-whole"),
    (Api::Chat, "anthropic-whole"),
    (Api::Native, "anthropic-cut"),
    (Api::Native, "openrouter-whole"),
    (Api::Chat, "openai-whole"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_lost_and_none_is_cut_short() {
    let _alone = alone().await;
    let simulator = simulator().await;
    let place = place(&simulator, &catalogue(SUFFIXES), "");
    // The usual limit of open files is less than they take.
    let server = place.serve_after("ulimit -Sn 1024").await;
    let idle = used(&server);
    let begun = Instant::now();
    let mut streams = JoinSet::new();
    for number in 0..STREAMS {
        let (api, model) = KINDS[number % KINDS.len()];
        let request = request(&server, api, model, &format!("stream {number}"));
        streams.spawn(async move { (model, Hearing::begin(api, request).await.heard_out().await) });
    }
    let (most_at_once, during) = watch(&server, &streams).await;
    let mut ids = HashMap::new();
    for (model, heard) in streams.join_all().await {
        heard.check_whole();
        assert!(ids.insert(heard.id, model).is_none());
    }
    let lasted = begun.elapsed();
    server.records_are_written().await;
    tell(lasted, most_at_once, idle, during, used(&server));
    assert_eq!(ids.len(), STREAMS);
    // All of them, unless the machine is so busy that the first end before the last have begun.
    assert!(most_at_once > STREAMS / 2, "only {most_at_once} at once");
    check_records(&server, &ids).await;
}

/// Looks at the server until the streams end: how many were under way at once, and what it had used by then.
async fn watch(server: &Server, streams: &JoinSet<(&str, Hearing)>) -> (usize, Option<Used>) {
    let (mut most, mut at_most) = (0, None::<Used>);
    loop {
        let metrics = server.get("/api/metrics").await.text().await.unwrap();
        let now = metrics.lines().find_map(|line| line.strip_prefix("llm_requests_in_flight "));
        let now: usize = now.map_or(0, |now| now.parse().unwrap());
        let using = used(server);
        if at_most.zip(using).is_none_or(|(before, now)| now.resident > before.resident) {
            at_most = using;
        }
        most = most.max(now);
        if now == 0 && most > 0 || streams.is_empty() {
            return (most, at_most);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each stream has one record, and it says who spoke.
async fn check_records(server: &Server, ids: &HashMap<String, &str>) {
    let records = server.records().await;
    assert_eq!(records.len(), STREAMS);
    let by_id: HashMap<_, _> = records.iter().map(|record| (record["requestId"].as_str().unwrap(), record)).collect();
    assert_eq!(by_id.len(), records.len());
    for (id, model) in ids {
        let record = by_id[id.as_str()];
        let answered = if model.ends_with("-cut") { "spare" } else { model };
        let expected: (&Value, &Value) = (&"succeeded".into(), &answered.into());
        assert_eq!((&record["status"], &record["modelId"]), expected, "{record}");
    }
}

fn tell(lasted: Duration, most: usize, idle: Option<Used>, during: Option<Used>, after: Option<Used>) {
    let (Some(idle), Some(during), Some(after)) = (idle, during, after) else {
        return say("this system does not tell what a process uses");
    };
    let streams = STREAMS as u64;
    say(&format!(
        "{STREAMS} streams of 60 tokens in {lasted:.1?}, {most} at once: resident {} KiB before, {} during, {} after: \
         {} KiB a stream; {} open files; {:.2} ms of processor time a stream",
        idle.resident,
        during.resident,
        after.resident,
        during.resident.saturating_sub(idle.resident) / streams,
        during.files,
        (after.processor - idle.processor) as f64 / STREAMS as f64,
    ));
}
