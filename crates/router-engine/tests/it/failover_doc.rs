//! `docs/FAILOVER.md` says what the code does.

use std::fmt::Write as _;

use router_core::error_kind::{ErrorKind, NextModel, SameAgain};
use router_engine::settings::EngineSettings;

fn document() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/FAILOVER.md")).unwrap()
}

#[test]
fn the_table_of_reactions_is_the_one_in_the_code() {
    let mut table = String::from(
        "| kind | the same model again | the next model | leaves plans for | counts against the target |\n|---|---|---|---|---|\n",
    );
    for kind in ErrorKind::ALL {
        let reaction = kind.reaction();
        let same = match reaction.same_again {
            SameAgain::No => "no",
            SameAgain::Backoff => "after a pause",
            SameAgain::WhenTold => "when told, else after a pause",
        };
        let next = match reaction.next_model {
            NextModel::No => "no",
            NextModel::Yes => "yes",
            NextModel::LargerContext => "with a larger context",
        };
        let leaves = match reaction.cooldown.as_secs() {
            0 => "–".to_owned(),
            seconds => format!("{seconds} s"),
        };
        let counts = if reaction.target_at_fault { "yes" } else { "no" };
        writeln!(table, "| `{kind}` | {same} | {next} | {leaves} | {counts} |").unwrap();
    }
    assert!(document().contains(&table), "docs/FAILOVER.md is out of date; its table should read:\n{table}");
}

#[test]
fn the_defaults_it_names_are_the_defaults() {
    let document = document();
    let EngineSettings { failover, breaker, deadlines, reasoning_deadlines, .. } = EngineSettings::default();
    for words in [
        format!("`failover.max_retries` ({})", failover.max_retries),
        format!("`failover.retry_delay` ({} s)", failover.retry_delay.as_secs()),
        format!("at most {} s, a random half", failover.longest_pause.as_secs()),
        format!("`failover.probe_interval` ({} s)", breaker.probe_interval.as_secs()),
        format!(
            "| `deadlines.first_event` | {} s | {} min |",
            deadlines.first_event.as_secs(),
            reasoning_deadlines.first_event.as_secs() / 60
        ),
        format!("| `deadlines.idle` | {} s | {} s |", deadlines.idle.as_secs(), reasoning_deadlines.idle.as_secs()),
        format!(
            "| `deadlines.answer` | {} min | {} min |",
            deadlines.total.as_secs() / 60,
            reasoning_deadlines.total.as_secs() / 60
        ),
        format!("| `deadlines.request` | {0} min | {0} min |", failover.request_deadline.as_secs() / 60),
        format!("| `deadlines.stream` | {0} h | {0} h |", failover.stream_deadline.as_secs() / 3600),
    ] {
        assert!(document.contains(&words), "docs/FAILOVER.md does not say {words:?}");
    }
    assert_eq!((breaker.failures, failover.retry_share), (5, 0.2), "in words: five in a row, a fifth");
}
