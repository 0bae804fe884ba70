//! Which model should answer, without calling any: router-core alone. `cargo run --example decide -- "your prompt"`

use router_core::classify::RuleClassifier;
use router_core::conversation::Conversation;
use router_core::decision::Situation;
use router_core::preferences::{Preferences, Target};
use router_core::quality::QualityTable;
use router_core::registry::Registry;

#[expect(clippy::print_stdout, reason = "a program's answer")]
fn main() {
    let prompt = std::env::args().nth(1).unwrap_or_else(|| "Write a poem about the sea.".to_owned());
    let registry = Registry::shipped();
    let quality = QualityTable::from_priors(&registry);
    let situation = Situation {
        registry: &registry,
        quality: &quality,
        live: &[],
        barred: &|_| None,
        today: jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date(),
        cached: None,
    };
    let preferences = Preferences { target: Target::Cheapest, min_quality: Some(0.7), ..Preferences::default() };

    let decision = router_core::decide(&RuleClassifier, &Conversation::prompt(prompt), &preferences, situation);
    println!("{}\n", decision.summary());
    for candidate in decision.in_plan_order().take(5) {
        let factors = &candidate.factors;
        let (quality, seconds) = (factors.quality, factors.latency_seconds);
        let cost = factors.cost.usd().map_or("unpriced".to_owned(), |usd| usd.to_string());
        println!("{:30} quality {quality:.2} {cost:>14} {seconds:>5.1} s", candidate.model.id.as_str());
    }
}
