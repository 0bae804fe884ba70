use std::time::Duration;

use jiff::civil::date;
use router_core::capability::Capability;
use router_core::model::ModelDeadlines;
use router_core::price::{Cost, PerMillion};
use router_core::prompt_type::PromptType;
use router_core::usage::{Tokens, Usage};

use super::{minimal, parse};

fn dollars(rate: Option<PerMillion>) -> Option<f64> {
    rate.map(PerMillion::dollars)
}

/// The example of the original product, in its own field names.
const ORIGINAL: &str = r#"
[[models]]
id = "gpt-4o"
name = "GPT-4o"
provider = "openai"
costPer1kTokens = { input = 0.005, output = 0.015 }
maxContextLength = 128000
averageLatency = 2000
quality = 0.95
supportedPromptTypes = [
  "summarization", "code_generation", "translation", "question_answering", "creative_writing", "analysis", "general",
]
supportsTools = true
supportsFunctionCalling = true
isActive = true
priority = 9
failoverOrder = ["gpt-4o-mini", "gpt-3.5-turbo"]
"#;

#[test]
fn the_original_example_is_converted() {
    let text = format!("{ORIGINAL}{}{}", minimal("gpt-4o-mini", ""), minimal("gpt-3.5-turbo", ""));
    let registry = parse(&text).unwrap();
    let model = registry.get("gpt-4o").unwrap();
    let price = model.price.as_ref().unwrap();
    assert_eq!((price.base.input.dollars(), price.base.output.dollars()), (5.0, 15.0));
    assert_eq!((price.base.cache_read, price.long_context.len()), (None, 0));
    assert_eq!((model.context_tokens, model.max_output_tokens), (Tokens(128_000), Tokens(4096)));
    // A quarter of two seconds, then 150 tokens in the remaining one and a half.
    assert_eq!((model.speed.first_token_seconds, model.speed.tokens_per_second), (0.5, 100.0));
    for kind in PromptType::ALL {
        let prior = model.quality.get(kind).as_ref().unwrap();
        assert_eq!((prior.mean, prior.deviation, prior.measured), (0.95, 0.1, true));
    }
    let can: Vec<_> = model.capabilities.iter().collect();
    assert_eq!(can, [Capability::Tools, Capability::ForcedTools, Capability::SamplingParameters]);
    assert_eq!((model.is_active, model.priority, model.upstream_name.as_str()), (true, 9, "gpt-4o"));
    let failover: Vec<_> = model.failover_order.iter().map(|id| id.as_str()).collect();
    assert_eq!(failover, ["gpt-4o-mini", "gpt-3.5-turbo"]);
}

#[test]
fn every_field_of_the_present_format_arrives() {
    let registry = parse(
        r#"
[[models]]
id = "big"
name = "Big One"
provider = "vendor-eu"
upstreamName = "vendor/big one@eu"
description = "The big one."
sameAs = "big-weights"
contextTokens = 400_000
maxOutputTokens = 64_000
capabilities = ["reasoning", "vision"]
speed = { firstTokenSeconds = 1.5, tokensPerSecond = 60 }
supportedPromptTypes = ["translation", "analysis"]
isActive = false
priority = -2
shutdownDate = 2027-01-14
deadlines = { firstEventSeconds = 600, idleSeconds = 2.5 }

[models.price]
input = 3
output = 1_5.0
cacheRead = 0.3
cacheWrite5m = 3.75
cacheWrite1h = 6
source = "a price list"
asOf = "2026-11-23"
longContext = [
  { aboveInputTokens = 300_000, input = 9, output = 30, cacheRead = 1 },
  { aboveInputTokens = 200_000, input = 6, output = 22.5 },
]

[models.quality]
mean = 0.6
deviation = 0.05
measured = false
source = "a guess"
translation = { mean = 0.8, deviation = 0.2 }
"#,
    )
    .unwrap();
    let model = registry.get("big").unwrap();
    assert_eq!((model.name.as_str(), model.provider.as_str()), ("Big One", "vendor-eu"));
    assert_eq!((model.upstream_name.as_str(), model.description.as_str()), ("vendor/big one@eu", "The big one."));
    assert_eq!(model.same_as.as_deref(), Some("big-weights"));
    assert_eq!((model.context_tokens, model.max_output_tokens), (Tokens(400_000), Tokens(64_000)));
    assert_eq!(model.capabilities.iter().collect::<Vec<_>>(), [Capability::Vision, Capability::Reasoning]);
    assert_eq!((model.speed.first_token_seconds, model.speed.tokens_per_second), (1.5, 60.0));
    assert_eq!((model.is_active, model.priority, model.shutdown_date), (false, -2, Some(date(2027, 1, 14))));
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    let own = ModelDeadlines { first_event: seconds(600.0), idle: seconds(2.5), answer: None };
    assert_eq!(model.deadlines, own);

    let price = model.price.as_ref().unwrap();
    assert_eq!((price.source.as_str(), price.as_of), ("a price list", Some(date(2026, 11, 23))));
    let short = price.rates_for(Tokens(200_000));
    assert_eq!((short.input.dollars(), short.output.dollars()), (3.0, 15.0));
    let caches = [short.cache_read, short.cache_write_5m, short.cache_write_1h].map(dollars);
    assert_eq!(caches, [Some(0.3), Some(3.75), Some(6.0)]);
    // Input is twice as dear in the first tier, so the cache rates are too.
    let long = price.rates_for(Tokens(200_001));
    let caches = [long.cache_read, long.cache_write_5m, long.cache_write_1h].map(dollars);
    assert_eq!((long.input.dollars(), long.output.dollars(), caches), (6.0, 22.5, [Some(0.6), Some(7.5), Some(12.0)]));
    // In the second the cache read has a rate of its own.
    let longest = price.rates_for(Tokens(300_001));
    assert_eq!((longest.input.dollars(), dollars(longest.cache_read)), (9.0, Some(1.0)));

    let figure = |kind| model.quality.get(kind).as_ref().map(|prior| (prior.mean, prior.deviation, prior.measured));
    assert_eq!(figure(PromptType::Translation), Some((0.8, 0.2, false)));
    assert_eq!(figure(PromptType::Analysis), Some((0.6, 0.05, false)));
    assert_eq!(figure(PromptType::General), None, "not a supported type");
    assert_eq!(model.quality_source, "a guess");
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let registry = parse(&minimal("llama", "")).unwrap();
    let model = registry.get("llama").unwrap();
    assert_eq!((model.name.as_str(), model.upstream_name.as_str()), ("llama", "llama"));
    assert_eq!((model.context_tokens, model.max_output_tokens), (Tokens(8192), Tokens(4096)));
    assert_eq!((model.speed.first_token_seconds, model.speed.tokens_per_second), (1.0, 50.0));
    assert_eq!(model.capabilities.iter().collect::<Vec<_>>(), [Capability::SamplingParameters]);
    assert_eq!((model.is_active, model.priority), (true, 0));
    for kind in PromptType::ALL {
        let prior = model.quality.get(kind).as_ref().unwrap();
        assert_eq!((prior.mean, prior.deviation, prior.measured), (0.5, 0.25, false));
    }
}

#[test]
fn an_unknown_price_is_not_a_price_of_zero() {
    let usage = Usage { input: Tokens(1000), output: Tokens(1000), ..Usage::default() };
    let cost = |more: &str| parse(&minimal("m", more)).unwrap().get("m").unwrap().cost(&usage);
    assert_eq!(cost(""), Cost::Unpriced);
    assert_eq!(cost("price = \"unpriced\""), Cost::Unpriced);
    assert_eq!(cost("price = { input = 0, output = 0.0 }"), Cost::ZERO);
}

#[test]
fn a_free_base_gives_a_long_context_tier_no_free_cache() {
    let price = "price = { input = 0, output = 0, cacheRead = 0, longContext = [\n\
                 { aboveInputTokens = 100, input = 2, output = 4 } ] }";
    let registry = parse(&minimal("m", price)).unwrap();
    let cached = Usage { cache_read: Tokens(1_000_000), ..Usage::default() };
    let cost = registry.get("m").unwrap().cost(&cached).usd().unwrap();
    assert_eq!(cost.dollars(), 2.0, "as fresh input");
}

#[test]
fn one_of_the_original_words_for_tools_suffices() {
    let tools = |more: &str| parse(&minimal("m", more)).unwrap().get("m").unwrap().capabilities.has(Capability::Tools);
    assert!(tools("supportsTools = true"));
    assert!(tools("supportsTools = false\nsupportsFunctionCalling = true"));
    assert!(tools("supportsTools = true\nsupportsFunctionCalling = false"));
    assert!(!tools("supportsTools = false"));
}
