use std::collections::HashSet;

use jiff::civil::date;
use router_core::capability::Capability;
use router_core::prompt_type::PromptType;
use router_core::registry::{Registry, SourceFile};
use router_core::usage::{Tokens, Usage, UsageSource};

#[test]
fn the_catalogue_holds_about_forty_models_of_three_providers() {
    let registry = Registry::shipped();
    let active = registry.models().iter().filter(|model| model.is_active).count();
    assert!((38..=45).contains(&active), "{active}");
    let providers: HashSet<_> = registry.models().iter().map(|model| model.provider.as_str()).collect();
    assert_eq!(providers, HashSet::from(["openai", "anthropic", "openrouter"]));
    let ids: usize = Registry::shipped_files().iter().map(|file| file.text.matches("[[models]]").count()).sum();
    assert_eq!(registry.models().len(), ids, "no file of the catalogue changes a model of another");
}

#[test]
fn every_active_model_has_sane_figures() {
    for model in Registry::shipped().models().iter().filter(|model| model.is_active) {
        let id = &model.id;
        let price = model.price.as_ref().unwrap();
        assert!(price.base.output >= price.base.input && price.base.input.dollars() > 0.0, "{id}: price");
        assert!(price.base.cache_read.is_none_or(|read| read < price.base.input), "{id}: cache read");
        assert!(price.base.cache_write_5m.is_none_or(|write| write > price.base.input), "{id}: cache write");
        assert!(price.base.cache_write_1h.is_none_or(|hour| Some(hour) > price.base.cache_write_5m), "{id}: hour");
        assert!(price.long_context.iter().all(|tier| tier.rates.input > price.base.input), "{id}: tiers");
        assert!(!price.source.is_empty() && price.as_of.is_some(), "{id}: price source");
        assert!(model.context_tokens >= Tokens(100_000) && model.max_output_tokens >= Tokens(16_000), "{id}: limits");
        assert!(!model.quality_source.is_empty() && !model.description.is_empty(), "{id}: texts");
        for (kind, prior) in model.quality.iter() {
            let prior = prior.as_ref().unwrap();
            assert!((0.4..0.9).contains(&prior.mean), "{id}: {} {}", kind.name(), prior.mean);
            assert!(prior.measured || prior.deviation >= 0.15, "{id}: a guess is wide");
            assert_eq!(prior.measured, !model.quality_source.starts_with("unmeasured"), "{id}");
        }
        assert!(model.shutdown_date.is_none_or(|day| day > date(2026, 12, 31)), "{id}: about to be shut down");
        assert!(
            model.capabilities.has(Capability::Reasoning) || model.capabilities.has(Capability::SamplingParameters)
        );
    }
}

/// Input, output and cache read in USD per million, from the published price lists.
#[test]
fn prices_are_those_published() {
    let registry = Registry::shipped();
    for (id, input, output, cache_read) in [
        ("gpt-4o", 2.5, 10.0, 1.25),
        ("gpt-4o-mini", 0.15, 0.6, 0.075),
        ("gpt-5.5", 5.0, 30.0, 0.5),
        ("gpt-6-luna", 0.1, 0.5, 0.01),
        ("claude-opus-4-8", 5.0, 25.0, 0.5),
        ("claude-sonnet-5-5", 2.0, 10.0, 0.1),
        ("claude-haiku-5-5", 0.1, 0.5, 0.01),
        ("google/gemini-3.1-pro-preview", 2.0, 12.0, 0.2),
        ("deepseek/deepseek-v4-flash", 0.105, 0.21, 0.021),
        ("anthropic/claude-haiku-4.5", 1.0, 5.0, 0.1),
    ] {
        let rates = registry.get(id).unwrap().price.as_ref().unwrap().base;
        let published = (rates.input.dollars(), rates.output.dollars(), rates.cache_read.unwrap().dollars());
        assert_eq!(published, (input, output, cache_read), "{id}");
    }
}

#[test]
fn a_long_prompt_is_priced_at_its_tier() {
    // By hand, claude-haiku-5-5 above 100k: 50k fresh at $0.5, 60k cached at $0.01 × 5, 1k output at $2.5 per million.
    let usage = Usage {
        input: Tokens(50_000),
        cache_read: Tokens(60_000),
        output: Tokens(1_000),
        source: UsageSource::Reported,
        ..Usage::default()
    };
    let cost = Registry::shipped().get("claude-haiku-5-5").unwrap().cost(&usage).usd().unwrap();
    assert_eq!(cost.nanos(), 25_000_000 + 3_000_000 + 2_500_000);
}

#[test]
fn newer_models_refuse_what_their_providers_refuse() {
    let registry = Registry::shipped();
    let can = |id: &str, capability| registry.get(id).unwrap().capabilities.has(capability);
    use Capability::{ForcedTools, Prefill, Reasoning, SamplingParameters};
    assert!(can("gpt-4o", SamplingParameters) && !can("gpt-4o", Reasoning));
    assert!(!can("gpt-6.1-sol", SamplingParameters) && can("gpt-6.1-sol", Reasoning));
    assert!(can("claude-haiku-4-5", Prefill) && can("claude-haiku-4-5", SamplingParameters));
    assert!(can("claude-sonnet-4-6", SamplingParameters) && !can("claude-sonnet-4-6", Prefill));
    assert!(!can("claude-opus-5-5", ForcedTools) && can("claude-opus-5", ForcedTools));
    assert!(
        !registry
            .models()
            .iter()
            .any(|model| { model.provider.as_str() != "anthropic" && model.capabilities.has(Prefill) })
    );
}

#[test]
fn mirrors_carry_the_name_of_the_original_and_its_quality() {
    let registry = Registry::shipped();
    let mirrors: Vec<_> =
        registry.models().iter().filter(|m| m.same_as.is_some() && m.provider.as_str() == "openrouter").collect();
    assert!(mirrors.len() >= 5);
    for mirror in mirrors {
        let original = registry.get(mirror.same_as.as_deref().unwrap()).unwrap();
        assert_eq!(original.same_as, mirror.same_as, "{}", mirror.id);
        assert_eq!(original.quality, mirror.quality, "{}", mirror.id);
        assert_ne!(original.provider, mirror.provider);
    }
}

#[test]
fn the_models_of_the_original_example_are_known_until_they_are_shut_down() {
    let registry = Registry::shipped();
    for id in ["gpt-4o", "gpt-4o-mini"] {
        assert_eq!(registry.get(id).unwrap().shutdown_date, Some(date(2027, 1, 14)));
    }
    assert!(!registry.get("gpt-3.5-turbo").unwrap().is_active);
    // An operator's file with the original's failover order loads over the catalogue.
    let text = "[[models]]\nid = \"gpt-4o\"\nfailoverOrder = [\"gpt-4o-mini\", \"gpt-3.5-turbo\"]";
    let files: Vec<_> =
        Registry::shipped_files().into_iter().chain([SourceFile { name: "models.toml", text }]).collect();
    assert_eq!(Registry::parse(&files).unwrap().get("gpt-4o").unwrap().failover_order.len(), 2);
}

#[test]
fn the_best_measured_model_is_ahead_of_the_oldest_on_every_type() {
    let registry = Registry::shipped();
    let mean = |id: &str, kind| registry.get(id).unwrap().quality.get(kind).as_ref().unwrap().mean;
    for kind in PromptType::ALL {
        assert!(mean("gpt-5.5", kind) > mean("gpt-4o", kind) && mean("gpt-4o", kind) > mean("gpt-4o-mini", kind));
    }
}
