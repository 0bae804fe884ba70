//! A provider that is gone in the middle of its answers, and its address with it.

use router_sim::Wire;
use tokio::task::JoinSet;

use crate::streaming::{Api, Hearing, WORDS, alone, model, place, request, request_alone, simulator};

const STREAMS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_half_an_answer_for_a_whole_one() {
    let _alone = alone().await;
    let (lost, left) = (simulator().await, simulator().await);
    let catalogue = model("lost", "openai", "gpt-4o+tokens:60+pace:60ms", "failoverOrder = [\"spare\"]\n")
        + &model("lost-alone", "openai", "gpt-4o+tokens:60+pace:60ms", "")
        + &model(
            "spare",
            "left",
            "claude-haiku-4-5+tokens:60",
            "capabilities = [\"prefill\", \"sampling_parameters\"]\n",
        );
    let more = format!(
        "retry_delay = \"1ms\"\nresume = \"prefill\"\n[providers.left]\nkind = \"anthropic\"\nbase_url = \"{}\"\n\
         api_key_env = \"LEFT_KEY\"\n",
        left.base_url(Wire::Anthropic)
    );
    let place = place(&lost, &catalogue, &more).with("LEFT_KEY", "sk-simulated");
    let server = place.serve(&[]).await;
    let mut streams = JoinSet::new();
    for number in 0..STREAMS {
        let api = if number % 4 < 2 { Api::Chat } else { Api::Native };
        let (model, request) = if number % 2 == 0 {
            ("lost", request(&server, api, "lost", "Good morning"))
        } else {
            ("lost-alone", request_alone(&server, api, "lost-alone", "Good morning"))
        };
        streams.spawn(async move {
            let mut hearing = Hearing::begin(api, request).await;
            hearing.until(10).await;
            (model, hearing)
        });
    }
    let begun = streams.join_all().await;
    drop(lost);
    for (model, hearing) in begun {
        let heard = hearing.heard_out().await;
        if model == "lost" {
            heard.check_whole();
        } else {
            assert!(heard.error.is_some() && !heard.done && heard.words() < WORDS, "{:?} {}", heard.error, heard.text);
        }
    }
    server.records_are_written().await;
    let statuses: Vec<_> = server.records().await.iter().map(|record| record["status"].clone()).collect();
    let count = |status: &str| statuses.iter().filter(|given| *given == status).count();
    assert_eq!((statuses.len(), count("succeeded"), count("failed")), (STREAMS, STREAMS / 2, STREAMS / 2));
}
