use proptest::prelude::*;
use router_core::registry::{Registry, RegistryProblem, SourceFile};

use super::{minimal, parse, parse_all};

/// Every kind of mistake in one file, and all of them reported at once.
#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    let text = r#"
speed = 3

[[models]]
id = "a"
provider = "local"
contextTokens = 0
price = { input = -1, output = nan, cacheRead = inf, currency = "EUR" }
quality = 1.5
supportedPromptTypes = []
capabilities = ["tools", "telepathy"]
failoverOrder = ["b", "nowhere"]

[[models]]
id = "b"
provider = "local"
contextTokens = 1000
maxOutputTokens = 2000
price = { input = 0.0000025, output = 2_000_000, asOf = "yesterday" }
quality = { translation = 0.7, deviation = 0.9 }
supportedPromptTypes = ["translation", "poetry"]
failoverOrder = ["a", "b"]
shutdownDate = "2027-02-30"
priority = 3_000_000_000

[[models]]
id = "b"
provider = "local"
contextTokens = 1000

[[models]]
id = "has a blank"
provider = ""
contextTokens = "many"

[[models]]
id = "bell\u0007"
provider = "local"
contextTokens = 1000

[[models]]
provider = "local"
contextTokens = 1000

[[models]]
id = "bare"

[[models]]
id = "incomplete"
provider = "local"
contextTokens = 1000
price = { input = 1, longContext = [{ aboveInputTokens = 10, input = 2, output = 2 }, { input = 2, output = 2 }] }
quality = { translation = 0.7, analysis = { deviation = 0.1 } }
speed = { firstTokenSeconds = 0, tokensPerSecond = 10 }

[[models]]
id = "holes"
provider = "local"
contextTokens = 1000
quality = { translation = 0.7 }
isActive = "yes"
price = { input = 1, output = 1, longContext = [
  { aboveInputTokens = 10, input = 2, output = 2 },
  { aboveInputTokens = 10, input = 3, output = 3 },
] }

[[models]]
id = "both"
provider = "local"
contextTokens = 1000
maxContextLength = 1000
price = { input = 1, output = 1 }
costPer1kTokens = { input = 0.001, output = -0.001 }
speed = { firstTokenSeconds = 1, tokensPerSecond = 10 }
averageLatency = 0
capabilities = []
supportsTools = true
supportsFunctionCalling = true
"#;
    let expected = r##"42 errors in the description of models:
  models.toml:2: speed: unknown field; known here: models
  models.toml:7: model "a": contextTokens: 0 is out of range: give a whole number of tokens, at least 1
  models.toml:8: model "a": price.input: -1 is not a price: give USD per 1M tokens, from 0 to 1 USD per token; leave the price out where it is unknown
  models.toml:8: model "a": price.output: NaN is not a price: give USD per 1M tokens, from 0 to 1 USD per token; leave the price out where it is unknown
  models.toml:8: model "a": price.cacheRead: inf is not a price: give USD per 1M tokens, from 0 to 1 USD per token; leave the price out where it is unknown
  models.toml:8: model "a": price.currency: unknown field; known here: asOf, cacheRead, cacheWrite1h, cacheWrite5m, input, longContext, output, source
  models.toml:9: model "a": quality: 1.5 is out of range: give a number from 0 to 1
  models.toml:10: model "a": supportedPromptTypes: empty: name at least one type, or leave it out for all; to switch a model off, write isActive = false
  models.toml:11: model "a": capabilities[1]: "telepathy" is not one of tools, forced_tools, vision, pdf, json_schema, reasoning, sampling_parameters, prefill
  models.toml:12: model "a": failoverOrder[1]: no model has the id "nowhere": add the model, or remove it from the list
  models.toml:18: model "b": maxOutputTokens: maxOutputTokens 2000 is more than contextTokens 1000: an answer has to fit into the context
  models.toml:19: model "b": price.input: 0.0000025 looks like a price per token: give USD per 1M tokens, or 0 for a model that costs nothing
  models.toml:19: model "b": price.output: 2000000 is not a price: give USD per 1M tokens, from 0 to 1 USD per token; leave the price out where it is unknown
  models.toml:19: model "b": price.asOf: "yesterday" is not a date: write it as 2027-01-14
  models.toml:20: model "b": quality.deviation: 0.9 is out of range: give a number above 0 and up to 0.5
  models.toml:21: model "b": supportedPromptTypes[1]: "poetry" is not one of summarization, code_generation, translation, question_answering, creative_writing, analysis, general
  models.toml:22: model "b": failoverOrder[0]: failover goes round in a circle: a → b → a; remove one of these steps
  models.toml:22: model "b": failoverOrder[1]: failover goes round in a circle: b → b; remove one of these steps
  models.toml:23: model "b": shutdownDate: "2027-02-30" is not a date: write it as 2027-01-14
  models.toml:24: model "b": priority: 3000000000 is out of range: give a whole number that fits 32 bits
  models.toml:27: model "b": id: this id was used in line 15 of the same file: rename one, or remove it
  models.toml:32: model "#4": id: "has a blank" is not a usable name: it must not be empty or contain blanks or control characters
  models.toml:33: model "#4": provider: "" is not a usable name: it must not be empty or contain blanks or control characters
  models.toml:34: model "#4": contextTokens: expected a whole number, found a text
  models.toml:37: model "#5": id: "bell\u{7}" is not a usable name: it must not be empty or contain blanks or control characters
  models.toml:41: model "#6": id: missing: the name callers use for the model
  models.toml:46: model "bare": provider: missing: the provider instance that serves the model
  models.toml:46: model "bare": contextTokens: missing: the longest prompt and answer together, in tokens
  models.toml:52: model "incomplete": price.output: missing: the price of output; remove the whole price where it is unknown
  models.toml:52: model "incomplete": price.longContext[1].aboveInputTokens: missing: the number of input tokens above which it applies
  models.toml:53: model "incomplete": quality.analysis.mean: missing: the expected quality, from 0 to 1
  models.toml:54: model "incomplete": speed.firstTokenSeconds: 0 is out of range: give a number from 0.001 to 1000000
  models.toml:60: model "holes": quality: no figure for summarization, code_generation, question_answering, creative_writing, analysis, general: add it, or add mean, which holds for all types not listed
  models.toml:61: model "holes": isActive: expected true or false, found a text
  models.toml:64: model "holes": price.longContext[1]: another tier starts above 10 tokens as well: keep one
  models.toml:71: model "both": maxContextLength: given beside contextTokens, which says the same thing: keep contextTokens alone
  models.toml:73: model "both": costPer1kTokens: given beside price, which says the same thing: keep price alone
  models.toml:73: model "both": costPer1kTokens.output: -0.001 is not a price: give USD per 1k tokens, from 0 to 1 USD per token; leave the price out where it is unknown
  models.toml:75: model "both": averageLatency: given beside speed, which says the same thing: keep speed alone
  models.toml:75: model "both": averageLatency: 0 is out of range: give a number of milliseconds, from 1 to 3600000
  models.toml:77: model "both": supportsTools: given beside capabilities, which says the same thing: keep capabilities alone
  models.toml:78: model "both": supportsFunctionCalling: given beside capabilities, which says the same thing: keep capabilities alone"##;
    let listed = parse(text).unwrap_err().to_string();
    assert_eq!(listed, expected, "\n{listed}\n");
}

#[test]
fn syntax_errors_name_file_and_line_and_hide_what_would_follow_from_them() {
    let broken = "[[models]]\nid = \"a\"\nprovider = local\n\n[[models]]\nid = \n";
    let sound = minimal("b", "failoverOrder = [\"a\"]");
    let errors = parse_all(&[broken, &sound]).unwrap_err();
    let lines: Vec<_> = errors.iter().map(|error| (error.file.as_str(), error.line)).collect();
    assert_eq!(lines, [("first.toml", 3), ("first.toml", 6)], "{errors}");
    assert!(errors.iter().all(|error| matches!(error.problem, RegistryProblem::Syntax(_))));
}

#[test]
fn a_long_circle_is_shown_whole_and_once() {
    let step = |from, to| minimal(from, &format!("failoverOrder = [\"{to}\"]"));
    let text = [step("entry", "a"), step("a", "b"), step("b", "c"), step("c", "a")].concat();
    let errors = parse(&text).unwrap_err();
    let problems: Vec<_> = errors.iter().map(|error| error.problem.to_string()).collect();
    assert_eq!(problems, ["failover goes round in a circle: a → b → c → a; remove one of these steps"]);
}

/// Every model names every other: nine hundred steps, most of which close a circle.
#[test]
fn the_number_of_circles_reported_is_bounded() {
    let ids: Vec<_> = (0..30).map(|i| format!("m{i}")).collect();
    let text: String = ids.iter().map(|id| minimal(id, &format!("failoverOrder = {ids:?}"))).collect();
    assert_eq!(parse(&text).unwrap_err().iter().count(), 100);
}

#[test]
fn a_number_too_long_for_any_type_is_out_of_range() {
    let errors = parse(&minimal("a", "quality = 99999999999999999999999999999999999999999")).unwrap_err();
    let problem = &errors.iter().next().unwrap().problem;
    assert_eq!(*problem, RegistryProblem::OutOfRange { given: f64::INFINITY, range: "from 0 to 1" });
}

#[test]
fn ways_that_meet_again_are_no_circle() {
    let text = [
        minimal("a", "failoverOrder = [\"b\", \"c\"]"),
        minimal("b", "failoverOrder = [\"d\"]"),
        minimal("c", "failoverOrder = [\"d\"]"),
        minimal("d", ""),
    ];
    assert_eq!(parse(&text.concat()).unwrap().models().len(), 4);
}

/// A recursive walk would exhaust the stack of a test thread here.
#[test]
fn a_chain_of_fifty_thousand_models_is_walked() {
    let text: String = (0..50_000)
        .map(|i| minimal(&format!("m{i}"), &format!("failoverOrder = [\"m{}\"]", (i + 1) % 50_000)))
        .collect();
    let errors = parse(&text).unwrap_err();
    assert_eq!(errors.iter().count(), 1);
}

#[test]
fn an_error_across_files_names_the_file_that_made_it() {
    let operators = "[[models]]\nid = \"a\"\nfailoverOrder = [\"gone\"]\n";
    let errors = parse_all(&[&minimal("a", ""), operators]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "1 error in the description of models:\n  second.toml:3: model \"a\": failoverOrder[0]: \
         no model has the id \"gone\": add the model, or remove it from the list"
    );
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let text =
        "[[models]]\nid = \"\\u001b[31m\"\n\"\\u001b[2J\" = 1\nprovider = \"\\u0000\"\nshutdownDate = \"\\u001b\"";
    let listed = parse(text).unwrap_err().to_string();
    assert!(listed.lines().count() > 3 && !listed.contains(|c: char| c.is_control() && c != '\n'), "{listed:?}");
}

#[test]
fn the_later_of_two_files_that_disagree_is_to_blame() {
    let errors = parse_all(&[&minimal("a", "maxOutputTokens = 4000"), "[[models]]\nid = \"a\"\ncontextTokens = 2000"])
        .unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!((error.file.as_str(), error.line, error.field.as_deref()), ("second.toml", 3, Some("contextTokens")));
}

#[test]
fn a_name_upstream_is_not_empty() {
    let errors = parse(&minimal("a", "upstreamName = \"\"")).unwrap_err();
    assert_eq!(errors.iter().next().unwrap().problem, RegistryProblem::Empty);
}

/// Fragments of the format, so that random texts get past the parser of TOML.
fn toml_like() -> impl Strategy<Value = String> {
    let keys = "(id|provider|contextTokens|maxOutputTokens|price|quality|speed|failoverOrder|capabilities|\
                supportedPromptTypes|shutdownDate|costPer1kTokens|averageLatency|isActive|priority|sameAs)";
    let values = "(0|-1|1e400|nan|inf|99999999999999999999|0x7f|\"a\"|\"\"|true|\\[\\]|\\[\"a\"\\]|\\{\\}|\
                  \\{ input = [0-9], output = [0-9] \\}|\\{ mean = 0\\.[0-9] \\}|2027-01-14|2027-01-14T00:00:00Z|[0-9]{1,8})";
    let line = (keys, values).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let entry = proptest::collection::vec(line, 0..8).prop_map(|lines| format!("[[models]]\n{}", lines.concat()));
    proptest::collection::vec(entry, 0..4).prop_map(|entries| entries.concat())
}

proptest! {
    /// Any text at all, and any text that looks like the format, ends in a registry or in errors that can be shown.
    #[test]
    fn no_text_panics(first in prop_oneof![any::<String>(), toml_like()], second in toml_like()) {
        let files = [SourceFile { name: "a", text: &first }, SourceFile { name: "b", text: &second }];
        match Registry::parse(&files) {
            Ok(registry) => prop_assert!(registry.models().iter().all(|model| model.context_tokens.0 > 0)),
            Err(errors) => prop_assert_eq!(errors.to_string().lines().count(), errors.iter().count() + 1),
        }
    }
}
