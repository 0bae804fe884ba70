//! A database that is away for so long that the journal is full: nothing is billed without a record where that is what is
//! wanted, and otherwise each loss is counted.

use reqwest::StatusCode;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::json;

use crate::database::{Database, count};
use crate::outages::TURN;
use crate::process::until;
use crate::server::{Place, Server};

/// More than the journal holds.
const REQUESTS: usize = 120;

struct Rig {
    server: Server,
    database: Database,
    _place: Place,
    _simulator: Simulator,
}

impl Rig {
    async fn new(on_record_loss: &str) -> Option<Self> {
        let database = Database::start().await?;
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let configuration = format!(
            "[records]\njournal_limit = \"1MiB\"\ntext = \"whole\"\non_record_loss = \"{on_record_loss}\"\n[rate_limit]\n\
             enabled = false\n[cache]\nenabled = false\n"
        );
        let place = Place::new()
            .with("LOG_LEVEL", "error")
            .with("DATABASE_URL", database.url())
            .with("OPENAI_API_KEY", "sk-simulated")
            .with("OPENAI_BASE_URL", simulator.base_url(Wire::OpenAi))
            .holding("llm-router.toml", &configuration);
        let server = place.serve(&[]).await;
        Some(Self { server, database, _place: place, _simulator: simulator })
    }

    /// Asks with prompts of 20 kB, one after the other. What each came to.
    async fn ask(&self, requests: usize) -> Vec<StatusCode> {
        let prompt = "a prompt that fills the journal ".repeat(640);
        let mut statuses = Vec::new();
        for number in 0..requests {
            let messages = [json!({"role": "user", "content": format!("{number} {prompt}")})];
            let body = json!({"model": "gpt-4o-mini", "messages": messages});
            let request = self.server.client.post(self.server.url("/v1/chat/completions")).json(&body);
            let response = request.send().await.unwrap();
            let status = response.status();
            let text = response.text().await.unwrap();
            assert!(status == StatusCode::OK || text.contains("records"), "{status}: {text}");
            statuses.push(status);
        }
        statuses
    }

    /// What a counter has counted, all its labels together.
    async fn counted(&self, name: &str) -> f64 {
        let metrics = self.server.get("/api/metrics").await.text().await.unwrap();
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    async fn records(&self) -> usize {
        let records = count(&self.database.url(), "SELECT count(*) AS count FROM requests").await;
        usize::try_from(records).unwrap()
    }
}

fn answered(statuses: &[StatusCode]) -> usize {
    statuses.iter().filter(|status| **status == StatusCode::OK).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_billed_without_a_record() {
    let _turn = TURN.lock().await;
    let Some(mut rig) = Rig::new("refuse").await else { return };
    rig.database.kill();
    let statuses = rig.ask(REQUESTS).await;
    let served = answered(&statuses);
    assert!(served > 0 && served < REQUESTS, "{served} of {REQUESTS}");
    let refused = statuses.iter().filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE).count();
    assert_eq!(served + refused, REQUESTS, "{statuses:?}");
    // By itself, once the database is back.
    rig.database.start_again().await;
    until("requests to be taken again", async || answered(&rig.ask(1).await) == 1).await;
    rig.server.records_are_written().await;
    let records = rig.records().await;
    println!(
        "journal full, refuse: {served} of {REQUESTS} answered, {refused} refused, and as many records as answers"
    );
    // The one that was taken again has one, too.
    assert_eq!(records, served + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_loss_is_counted_where_answers_matter_more() {
    let _turn = TURN.lock().await;
    let Some(mut rig) = Rig::new("serve").await else { return };
    rig.database.kill();
    let statuses = rig.ask(REQUESTS).await;
    assert_eq!(answered(&statuses), REQUESTS, "{statuses:?}");
    let lost = rig.counted("llm_records_lost_total{part=\"outcome\"}").await;
    rig.database.start_again().await;
    rig.server.records_are_written().await;
    let records = rig.records().await;
    println!("journal full, serve: {REQUESTS} answered, {records} records, {lost} counted as lost");
    assert!(lost > 0.0);
    assert_eq!(records as f64 + lost, REQUESTS as f64);
}
