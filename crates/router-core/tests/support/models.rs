//! Ordinary models for tests: change what matters with `Model { field: …, ..model("id") }`.

use router_core::capability::Capabilities;
use router_core::model::{Model, ModelDeadlines, QualityPrior, SpeedPrior};
use router_core::price::{PerMillion, Price, Rates};
use router_core::prompt_type::{PerType, PromptType};
use router_core::usage::Tokens;

/// Active, supports every type with quality 0.7, $1 / $4 per million, 0.5 s to the first token and 50 a second after it.
pub(crate) fn model(id: &str) -> Model {
    Model {
        id: id.into(),
        name: id.to_owned(),
        provider: "test".into(),
        upstream_name: id.to_owned(),
        description: String::new(),
        same_as: None,
        price: price(1.0, 4.0),
        context_tokens: Tokens(200_000),
        max_output_tokens: Tokens(32_000),
        speed: SpeedPrior { first_token_seconds: 0.5, tokens_per_second: 50.0 },
        quality: quality(0.7),
        quality_source: "test".to_owned(),
        capabilities: Capabilities::default(),
        is_active: true,
        priority: 0,
        failover_order: Vec::new(),
        deadlines: ModelDeadlines::default(),
        shutdown_date: None,
    }
}

/// In USD per million tokens, without cache rates.
pub(crate) fn price(input: f64, output: f64) -> Option<Price> {
    let base = Rates {
        input: PerMillion::from_dollars(input)?,
        output: PerMillion::from_dollars(output)?,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
    };
    Some(Price { base, long_context: Vec::new(), source: "test".to_owned(), as_of: None })
}

/// The same for every type.
pub(crate) fn quality(mean: f32) -> PerType<Option<QualityPrior>> {
    PerType(PromptType::ALL.map(|_| Some(QualityPrior { mean, deviation: 0.1, measured: true })))
}
