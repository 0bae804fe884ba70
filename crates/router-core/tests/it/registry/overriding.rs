use router_core::capability::Capability;
use router_core::prompt_type::PromptType;
use router_core::registry::Registry;

use super::{minimal, parse, parse_all};

const SHIPPED: &str = r#"
[[models]]
id = "m"
provider = "vendor"
contextTokens = 1000
maxOutputTokens = 500
price = { input = 1, output = 2, cacheRead = 0.1 }
capabilities = ["vision", "tools", "forced_tools"]
quality = { mean = 0.7, translation = 0.9 }
"#;

#[test]
fn a_later_file_changes_the_fields_it_gives_and_no_others() {
    let registry = parse_all(&[SHIPPED, "[[models]]\nid = \"m\"\npriority = 5\nisActive = false"]).unwrap();
    let model = registry.get("m").unwrap();
    assert_eq!((model.priority, model.is_active, model.provider.as_str()), (5, false, "vendor"));
    assert_eq!(model.price.as_ref().unwrap().base.input.dollars(), 1.0);
    assert_eq!(registry.models().len(), 1);
}

#[test]
fn a_field_is_replaced_whole() {
    let registry = parse_all(&[SHIPPED, "[[models]]\nid = \"m\"\nprice = { input = 3, output = 4 }"]).unwrap();
    let rates = registry.get("m").unwrap().price.as_ref().unwrap().base;
    // A new input price with the old cache discount would be a price nobody ever published.
    assert_eq!((rates.input.dollars(), rates.cache_read), (3.0, None));
}

#[test]
fn the_original_fields_change_a_model_of_the_present_format() {
    let change = "[[models]]\nid = \"m\"\ncostPer1kTokens = { input = 0.005, output = 0.015 }\nsupportsTools = false\n\
                  maxContextLength = 2000\nquality = 0.4";
    let registry = parse_all(&[SHIPPED, change]).unwrap();
    let model = registry.get("m").unwrap();
    assert_eq!(model.price.as_ref().unwrap().base.input.dollars(), 5.0);
    assert_eq!(model.capabilities.iter().collect::<Vec<_>>(), [Capability::Vision], "only tools were spoken of");
    assert_eq!((model.context_tokens.0, model.max_output_tokens.0), (2000, 500));
    assert_eq!(model.quality.get(PromptType::Translation).as_ref().unwrap().mean, 0.4);
}

#[test]
fn narrowing_the_types_keeps_the_figures_of_those_that_stay() {
    let change = "[[models]]\nid = \"m\"\nsupportedPromptTypes = [\"translation\"]";
    let registry = parse_all(&[SHIPPED, change]).unwrap();
    let quality = &registry.get("m").unwrap().quality;
    assert_eq!(quality.get(PromptType::Translation).as_ref().unwrap().mean, 0.9);
    assert!(quality.get(PromptType::General).is_none());
}

#[test]
fn a_third_file_changes_what_the_second_left() {
    let second = "[[models]]\nid = \"m\"\npriority = 5";
    let third = "[[models]]\nid = \"m\"\nprice = \"unpriced\"";
    let registry = parse_all(&[SHIPPED, second, third]).unwrap();
    let model = registry.get("m").unwrap();
    assert_eq!((model.priority, model.price.as_ref()), (5, None));
}

#[test]
fn a_change_keeps_the_model_in_its_place() {
    let first = [minimal("a", ""), minimal("b", "")].concat();
    let second = [minimal("c", ""), minimal("a", "priority = 1")].concat();
    let registry = parse_all(&[&first, &second]).unwrap();
    let order: Vec<_> = registry.models().iter().map(|model| model.id.as_str()).collect();
    assert_eq!(order, ["a", "b", "c"]);
    assert_eq!(registry.position("c"), Some(2));
}

#[test]
fn the_generation_is_the_same_for_equal_contents_and_another_for_any_change() {
    let base = parse(SHIPPED).unwrap().generation();
    assert_eq!(base, parse(&format!("# a comment\n{SHIPPED}")).unwrap().generation());
    let changes = [
        "provider = \"other\"",
        "name = \"M\"",
        "upstreamName = \"m2\"",
        "description = \"x\"",
        "sameAs = \"x\"",
        "contextTokens = 1001",
        "maxOutputTokens = 501",
        "price = { input = 1, output = 2, cacheRead = 0.100001 }",
        "price = \"unpriced\"",
        "capabilities = [\"vision\", \"tools\"]",
        "quality = { mean = 0.7, translation = 0.91 }",
        "quality = { mean = 0.7, translation = 0.9, measured = false }",
        "quality = { mean = 0.7, translation = 0.9, source = \"x\" }",
        "speed = { firstTokenSeconds = 1.0, tokensPerSecond = 51 }",
        "supportedPromptTypes = [\"general\"]",
        "isActive = false",
        "priority = 1",
        "shutdownDate = 2027-01-14",
    ];
    let mut seen = vec![base];
    for change in changes {
        let generation = parse_all(&[SHIPPED, &format!("[[models]]\nid = \"m\"\n{change}")]).unwrap().generation();
        assert!(!seen.contains(&generation), "{change}");
        seen.push(generation);
    }
    let swapped = [minimal("b", ""), minimal("a", "")].concat();
    let straight = [minimal("a", ""), minimal("b", "")].concat();
    assert_ne!(parse(&straight).unwrap().generation(), parse(&swapped).unwrap().generation());
}

/// 64-bit FNV-1a of the two bytes `[]`, computed by hand: a registry without models, in every process and release.
#[test]
fn the_generation_is_a_published_function() {
    let by_hand = [b'[', b']']
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(Registry::default().generation(), by_hand);
}
