//! What every recorded exchange consumed and cost, against a table derived by hand from the definitions of the counts and
//! of the prices. A number of tokens times dollars per million is a number of micro-dollars.

use std::collections::BTreeSet;
use std::path::Path;

use router_core::price::{Cost, PerMillion, Price, Rates};
use router_core::usage::Usage;
use router_core::usd::Usd;
use router_providers::answer::Spent;
use router_providers::{anthropic_messages, openai_chat};

use crate::given::{json_of, recordings, reported};
use crate::recorded_stream::{replay_chat, replay_messages, streams};

/// Dollars per million tokens: input, output, read from the cache, written to it for the default time and for an hour.
type Rate = (f64, f64, Option<f64>, Option<f64>, Option<f64>);

const GPT_4O: Rate = (2.5, 10.0, Some(1.25), None, None);
const GPT_4O_MINI: Rate = (0.15, 0.6, Some(0.075), None, None);
const GPT_5: Rate = (1.25, 10.0, Some(0.125), None, None);
const GPT_5_MINI: Rate = (0.25, 2.0, Some(0.025), None, None);
const GPT_5_6_SOL: Rate = (4.0, 20.0, Some(0.4), Some(5.0), None);
const HAIKU_3: Rate = (0.25, 1.25, Some(0.03), Some(0.3), Some(0.5));
const HAIKU: Rate = (1.0, 5.0, Some(0.1), Some(1.25), Some(2.0));
const SONNET: Rate = (3.0, 15.0, Some(0.3), Some(3.75), Some(6.0));
const OPUS: Rate = (5.0, 25.0, Some(0.5), Some(6.25), Some(10.0));
const FABLE: Rate = (10.0, 50.0, Some(1.0), Some(12.5), Some(20.0));
const GROK: Rate = (3.0, 15.0, Some(0.75), None, None);
/// Made up: the recorded exchange was free.
const MINIMAX: Rate = (0.3, 1.2, None, None, None);
/// Made up: electricity.
const LOCAL: Rate = (0.01, 0.02, Some(0.005), None, None);

/// File; rates; input, cache read, written for the default time, output, reasoning; nano-dollars.
type Row = (&'static str, Rate, [u64; 5], i64);

#[rustfmt::skip]
const STREAMS: &[Row] = &[
    // 78×0.15 + 9×0.6 = 11.7 + 5.4
    ("chat-text-with-usage", GPT_4O_MINI, [78, 0, 0, 9, 0], 17_100),
    // 53×0.15 + 15×0.6 = 7.95 + 9
    ("chat-tool-call-with-usage", GPT_4O_MINI, [53, 0, 0, 15, 0], 16_950),
    // 79×2.5 = 197.5, and 10 for each token of output
    ("chat-length", GPT_4O, [79, 0, 0, 1, 0], 207_500),
    ("chat-n3-choices", GPT_4O, [79, 0, 0, 42, 0], 617_500),
    ("chat-json-schema", GPT_4O, [79, 0, 0, 14, 0], 337_500),
    ("chat-refusal-logprobs", GPT_4O, [79, 0, 0, 12, 0], 317_500),
    ("chat-refusal", GPT_4O, [79, 0, 0, 11, 0], 307_500),
    // 76×2.5 + 24×10 = 190 + 240
    ("chat-tool-call", GPT_4O, [76, 0, 0, 24, 0], 430_000),
    // 9×2.5 + 2×10
    ("chat-logprobs", GPT_4O, [9, 0, 0, 2, 0], 42_500),
    // Of 687, 679 cached: 8×3 + 679×0.75 + 187×15 = 24 + 509.25 + 2805; OpenRouter's own figure is the same.
    ("models-fallback-cached", GROK, [8, 679, 0, 187, 118], 3_338_250),
    // 626 + 106×5; OpenRouter's own figure is the same.
    ("reasoning-roundtrip-tools", HAIKU, [626, 0, 0, 106, 54], 1_156_000),
    // 579 + 41×5; OpenRouter's own figure is the same.
    ("tool-call", HAIKU, [579, 0, 0, 41, 0], 784_000),
    // Broken off, with a usage beside the error: 43×0.3 + 10×1.2 = 12.9 + 12
    ("mid-stream-error-after-comments", MINIMAX, [43, 0, 0, 10, 11], 24_900),
    // Of 36, 35 cached: 0.01 + 35×0.005 + 8×0.02 = 0.01 + 0.175 + 0.16
    ("chat-stream-usage", LOCAL, [1, 35, 0, 8, 0], 345),
    ("messages-stream", LOCAL, [1, 35, 0, 8, 0], 345),
    // 672 + 39×5
    ("citations", HAIKU, [672, 0, 0, 39, 0], 867_000),
    // Two iterations: (100 + 181)×3 + 55096×0.3 + (83 + 8)×15 = 843 + 16528.8 + 1365
    ("compaction-cache-usage", SONNET, [281, 55_096, 0, 91, 0], 18_736_800),
    // 20×3 + 5×15
    ("high-max-tokens", SONNET, [20, 0, 0, 5, 0], 135_000),
    // Broken off after the first count: 15 + 1×5
    ("mid-stream-error-overloaded", HAIKU, [15, 0, 0, 1, 0], 20_000),
    // 20×5, and an output that was taken back
    ("refusal-empty", OPUS, [20, 0, 0, 0, 0], 100_000),
    // 28×10 + 106×50
    ("refusal-fallback-credit", FABLE, [28, 0, 0, 106, 67], 5_580_000),
    // Broken off where it began again: 17×0.25 + 1×1.25
    ("spliced-second-message-start", HAIKU_3, [17, 0, 0, 1, 0], 5_500),
    // 15 + 9×5
    ("text", HAIKU, [15, 0, 0, 9, 0], 60_000),
    // 92×3 + 189×15
    ("thinking-redacted", SONNET, [92, 0, 0, 189, 0], 3_111_000),
    // 579 + 41×5
    ("tool-use-no-args", HAIKU, [579, 0, 0, 41, 0], 784_000),
    // 633 + 75×5
    ("tool-use", HAIKU, [633, 0, 0, 75, 0], 1_008_000),
];

#[rustfmt::skip]
const WHOLE: &[Row] = &[
    // 10 + 7351×0.1 + 4×5 = 10 + 735.1 + 20
    ("anthropic/nonstream/cache-read", HAIKU, [10, 7_351, 0, 4, 0], 765_100),
    // 10 + 7351×1.25 + 4×5 = 10 + 9188.75 + 20
    ("anthropic/nonstream/cache-write", HAIKU, [10, 0, 7_351, 4, 0], 9_218_750),
    // 296 + 91×5
    ("anthropic/nonstream/image-url", HAIKU, [296, 0, 0, 91, 0], 751_000),
    // 771 + 77×5
    ("anthropic/nonstream/parallel-tool-results", HAIKU, [771, 0, 0, 77, 0], 1_156_000),
    // 13×5 + 44×25
    ("anthropic/nonstream/thinking-adaptive-opus-5", OPUS, [13, 0, 0, 44, 33], 1_165_000),
    // 92×3 + 196×15
    ("anthropic/nonstream/thinking-redacted", SONNET, [92, 0, 0, 196, 0], 3_216_000),
    // 44×3 + 626×15
    ("anthropic/nonstream/thinking-summarized-sonnet-5", SONNET, [44, 0, 0, 626, 170], 9_522_000),
    // 398×3 + 155×15
    ("anthropic/nonstream/thinking-tool-use", SONNET, [398, 0, 0, 155, 0], 3_519_000),
    // 716 + 56×5
    ("anthropic/nonstream/tool-choice-specific", HAIKU, [716, 0, 0, 56, 0], 996_000),
    // 748 + 55×5
    ("anthropic/nonstream/tool-result-followup", HAIKU, [748, 0, 0, 55, 0], 1_023_000),
    // 633 + 75×5
    ("anthropic/nonstream/tool-use", HAIKU, [633, 0, 0, 75, 0], 1_008_000),
    // 0.01 + 35×0.005 + 8×0.02
    ("local-llamacpp/messages", LOCAL, [1, 35, 0, 8, 0], 345),
    // 36×0.01 + 8×0.02
    ("local-llamacpp/chat", LOCAL, [36, 0, 0, 8, 0], 520),
    // 10×0.01 + 24×0.005 + 22×0.02 = 0.1 + 0.12 + 0.44
    ("local-llamacpp/chat-json-schema", LOCAL, [10, 24, 0, 22, 0], 660),
    // 0.01 + 35×0.005 + 3×0.02
    ("local-llamacpp/chat-n2-logprobs", LOCAL, [1, 35, 0, 3, 0], 245),
    // 12×0.01 + 24×0.005 + 7×0.02
    ("local-llamacpp/chat-stop", LOCAL, [12, 24, 0, 7, 0], 380),
    // 64×2.5 + 9×10, all at the price of text: sound has one of its own, which the catalogue has no place for.
    ("openai/nonstream/chat-audio-input", GPT_4O, [64, 0, 0, 9, 0], 250_000),
    // 8×4 + 4012×0.4 + 4×20 = 32 + 1604.8 + 80
    ("openai/nonstream/chat-cache-read-gpt-5.6", GPT_5_6_SOL, [8, 4_012, 0, 4, 0], 1_716_800),
    // 12×1.25 + 1880×10
    ("openai/nonstream/chat-moderation-block-policy", GPT_5, [12, 0, 0, 1_880, 1_536], 18_815_000),
    // 132×0.25 + 589×2
    ("openai/nonstream/chat-tool-choice-none", GPT_5_MINI, [132, 0, 0, 589, 384], 1_211_000),
    // 130×0.25 + 87×2
    ("openai/nonstream/chat-tool-choice-required", GPT_5_MINI, [130, 0, 0, 87, 64], 206_500),
    // 167×0.25 + 171×2
    ("openai/nonstream/chat-tool-result-followup", GPT_5_MINI, [167, 0, 0, 171, 128], 383_750),
    // 3×3 + 3211×0.3 + 115×3.75 + 53×15 = 9 + 963.3 + 431.25 + 795; OpenRouter's own figure is the same.
    ("openrouter/nonstream/cache-read", SONNET, [3, 3_211, 115, 53, 0], 2_198_550),
    // 181 + 12×5; OpenRouter's own figure is the same.
    ("openrouter/nonstream/json-schema", HAIKU, [181, 0, 0, 12, 0], 241_000),
    // 5×3 + 682×0.75 + 240×15 = 15 + 511.5 + 3600
    ("openrouter/nonstream/models-fallback-provider-prefs", GROK, [5, 682, 0, 240, 165], 4_126_500),
    // 16 + 13×5; OpenRouter's own figure is the same.
    ("openrouter/nonstream/text-usage-cost", HAIKU, [16, 0, 0, 13, 0], 81_000),
];

fn price((input, output, cache_read, write_5m, write_1h): Rate) -> Price {
    let rate = |dollars: f64| PerMillion::from_dollars(dollars).unwrap();
    let base = Rates {
        input: rate(input),
        output: rate(output),
        cache_read: cache_read.map(rate),
        cache_write_5m: write_5m.map(rate),
        cache_write_1h: write_1h.map(rate),
    };
    Price { base, long_context: Vec::new(), source: "test".into(), as_of: None }
}

fn check(name: &str, rows: &[Row], usage: Option<Usage>) {
    let Some((_, rate, [input, cache_read, written, output, reasoning], nanos)) = rows.iter().find(|row| row.0 == name)
    else {
        assert_eq!(usage, None, "{name} is in no row");
        return;
    };
    assert_eq!(usage, Some(reported(*input, *cache_read, [*written, 0], *output, *reasoning)), "{name}");
    let cost = usage.map(|usage| price(*rate).cost(&usage));
    assert_eq!(cost, Some(Cost::Priced { usd: Usd::from_nanos(*nanos) }), "{name}");
}

#[test]
fn streams_cost_what_the_table_says() {
    let Some([chat, messages]) = streams() else { return };
    let chat = chat.iter().map(|file| (file, replay_chat(file, None, usize::MAX)));
    let messages = messages.iter().map(|file| (file, replay_messages(file, false, usize::MAX)));
    let mut seen = BTreeSet::new();
    for (file, (told, error)) in chat.chain(messages) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let usage = match error.map(|error| error.spent) {
            None => told.usage,
            Some(Spent::Known(usage)) => Some(usage),
            Some(_) => None,
        };
        check(name, STREAMS, usage);
        seen.insert(name);
    }
    assert!(STREAMS.iter().all(|row| seen.contains(row.0)), "{seen:?}");
}

#[test]
fn whole_answers_cost_what_the_table_says() {
    let Some(root) = recordings() else { return };
    for (name, ..) in WHOLE {
        let body =
            json_of(&std::fs::read(Path::new(&root).join(format!("{name}.json"))).unwrap())["response"]["body"].clone();
        let decode = if body.get("choices").is_some() { openai_chat::decode } else { anthropic_messages::decode };
        check(name, WHOLE, decode(body.to_string().as_bytes()).unwrap().usage);
    }
}
