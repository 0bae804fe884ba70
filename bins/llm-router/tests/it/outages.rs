//! A database that dies, or stops answering, under load: nobody who asks notices, and no record is lost. A short outage here;
//! `make chaos` makes it a minute.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::database::{Database, count};
use crate::server::{Place, Server};

/// Requests a second, asked whether or not the ones before were answered.
const RATE: u32 = 200;

const CONFIGURATION: &str = "[rate_limit]\nenabled = false\n[cache]\nenabled = false\n";

/// One at a time: each of them keeps the machine busy.
pub(crate) static TURN: Mutex<()> = Mutex::const_new(());

/// How long the database is away.
pub(crate) fn away() -> Duration {
    let seconds = std::env::var("CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

/// A server that keeps its records in `database`, and answers with simulated providers that take no time.
struct Rig {
    server: Server,
    _simulator: router_sim::Simulator,
    place: Place,
}

impl Rig {
    async fn new(url: String) -> Self {
        let simulator = router_sim::Simulator::start(router_sim::SimulatorConfig::default()).await.unwrap();
        let place = Place::new()
            .with("LOG_LEVEL", "warn")
            .with("DATABASE_URL", url)
            .with("OPENAI_API_KEY", "sk-simulated")
            .with("OPENAI_BASE_URL", simulator.base_url(router_sim::Wire::OpenAi))
            .holding("llm-router.toml", CONFIGURATION);
        let server = place.serve(&[]).await;
        Self { server, _simulator: simulator, place }
    }

    /// Asks at [`RATE`] for so long. How long each answer took, sorted; every one of them has to be a success.
    async fn ask(&self, time: Duration) -> Vec<Duration> {
        let mut asking = JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
        let end = Instant::now() + time;
        while Instant::now() < end {
            tick.tick().await;
            let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
            let request = self.server.client.post(self.server.url("/v1/chat/completions")).json(&body).send();
            asking.spawn(async move {
                let asked = Instant::now();
                let response = request.await.unwrap();
                let status = response.status();
                let text = response.text().await.unwrap();
                assert_eq!(status, 200, "{text}");
                asked.elapsed()
            });
        }
        let mut taken = asking.join_all().await;
        taken.sort_unstable();
        taken
    }
}

pub(crate) fn p99(sorted: &[Duration]) -> Duration {
    sorted[(sorted.len() - 1) * 99 / 100]
}

/// Says what it was like, and checks that every answer has one record, and the ledger counts it once.
async fn account(name: &str, rig: &Rig, url: &str, parts: [Vec<Duration>; 3]) {
    let begun = Instant::now();
    rig.server.records_are_written().await;
    let caught_up = begun.elapsed();
    let asked: usize = parts.iter().map(Vec::len).sum();
    let median = parts[1][parts[1].len() / 2];
    let [before, during, after] = parts.map(|part| p99(&part));
    let records = count(url, "SELECT count(*) AS count FROM requests WHERE status = 'succeeded'").await;
    let twice = count(url, "SELECT count(*) - count(DISTINCT id) AS count FROM requests").await;
    let charged = "SELECT (priced + unpriced)::bigint AS count FROM spending WHERE account_kind = 'tenant' \
                   ORDER BY day LIMIT 1";
    let charged = count(url, charged).await;
    println!(
        "{name} for {:?}: {asked} answered at {RATE}/s; p99 {before:.1?} before, {during:.1?} during, {after:.1?} after; \
         {records} records, {twice} twice, {charged} in the ledger; caught up in {caught_up:.1?}",
        away()
    );
    assert_eq!((records, twice), (i64::try_from(asked).unwrap(), 0));
    assert_eq!(charged, records);
    // Whoever waited for the database would have waited half of that on average, however busy the machine is.
    assert!(median < away() / 2, "{median:?}");
    // Speed is compared only where nothing else runs.
    if std::env::var_os("CHAOS_SECONDS").is_some() {
        assert!(during <= 2 * before.max(Duration::from_millis(20)), "{before:?} before, {during:?} during");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_costs_no_answer_and_no_record() {
    let _turn = TURN.lock().await;
    let Some(mut database) = Database::start().await else { return };
    let rig = Rig::new(database.url()).await;
    let before = rig.ask(Duration::from_secs(2)).await;
    database.kill();
    let during = rig.ask(away()).await;
    database.start_again().await;
    let after = rig.ask(Duration::from_secs(2)).await;
    account("kill -9 of PostgreSQL", &rig, &database.url(), [before, during, after]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_accepts_and_never_answers_costs_no_answer_and_no_record() {
    let _turn = TURN.lock().await;
    let Some(database) = Database::start().await else { return };
    let rig = Rig::new(database.url()).await;
    let before = rig.ask(Duration::from_secs(2)).await;
    database.stop();
    let during = rig.ask(away()).await;
    database.go_on();
    let after = rig.ask(Duration::from_secs(2)).await;
    account("SIGSTOP of PostgreSQL", &rig, &database.url(), [before, during, after]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_and_answers_before_its_database_is_there() {
    let _turn = TURN.lock().await;
    let Some(mut database) = Database::start().await else { return };
    database.kill();
    let rig = Rig::new(database.url()).await;
    let answered = rig.ask(Duration::from_secs(1)).await;
    database.start_again().await;
    rig.server.records_are_written().await;
    let records = count(&database.url(), "SELECT count(*) AS count FROM requests").await;
    assert_eq!(records, i64::try_from(answered.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_answers_and_stops_while_its_database_never_answers() {
    let _turn = TURN.lock().await;
    let Some(database) = Database::start().await else { return };
    database.stop();
    let begun = Instant::now();
    let mut rig = Rig::new(database.url()).await;
    let started = begun.elapsed();
    let answered = rig.ask(Duration::from_secs(1)).await;
    let begun = Instant::now();
    assert_eq!(rig.server.stop().await, Some(0));
    println!("with a stopped PostgreSQL: started after {started:.1?}, stopped after {:.1?}", begun.elapsed());
    database.go_on();
    rig.server = rig.place.serve(&[]).await;
    rig.server.records_are_written().await;
    let records = count(&database.url(), "SELECT count(*) AS count FROM requests").await;
    assert_eq!(records, i64::try_from(answered.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_killed_between_answer_and_database_writes_its_records_at_the_next_start() {
    let _turn = TURN.lock().await;
    let Some(mut database) = Database::start().await else { return };
    let mut rig = Rig::new(database.url()).await;
    let before = rig.ask(Duration::from_secs(1)).await;
    database.kill();
    let during = rig.ask(Duration::from_secs(1)).await;
    rig.server.process.kill();
    database.start_again().await;
    rig.server = rig.place.serve(&[]).await;
    let after = rig.ask(Duration::from_secs(1)).await;
    account("kill -9 of both", &rig, &database.url(), [before, during, after]).await;
}
