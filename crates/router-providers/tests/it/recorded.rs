//! Recorded exchanges, where they are at hand, against a table written by hand from their bodies and the definitions of
//! the counts; and bodies of our own, which always run.

use std::path::PathBuf;

use router_core::conversation::Content;
use router_core::error_kind::ErrorKind;
use router_core::usage::Usage;
use router_providers::answer::{Answer, CallError, FinishReason};
use router_providers::{anthropic_messages, openai_chat};
use serde_json::{Value, json};

use crate::given::{reported, text, tool_call};

const S: FinishReason = FinishReason::Stop;
const T: FinishReason = FinishReason::ToolCalls;

/// File, why it stopped, tool calls, usage: input, cache read, written for 5 minutes and an hour, output, reasoning.
type Row = (&'static str, FinishReason, &'static [&'static str], u64, u64, [u64; 2], u64, u64);

#[rustfmt::skip]
const CHAT: [Row; 15] = [
    ("local-llamacpp/chat", S, &[], 36, 0, [0, 0], 8, 0),
    ("local-llamacpp/chat-stop", S, &[], 12, 24, [0, 0], 7, 0),
    ("local-llamacpp/chat-json-schema", S, &[], 10, 24, [0, 0], 22, 0),
    ("local-llamacpp/chat-n2-logprobs", FinishReason::Length, &[], 1, 35, [0, 0], 3, 0),
    ("openai/nonstream/chat-audio-input", S, &[], 64, 0, [0, 0], 9, 0),
    ("openai/nonstream/chat-cache-read-gpt-5.6", S, &[], 8, 4012, [0, 0], 4, 0),
    ("openai/nonstream/chat-tool-choice-none", S, &[], 132, 0, [0, 0], 589, 384),
    ("openai/nonstream/chat-tool-choice-required", T, &["get_weather"], 130, 0, [0, 0], 87, 64),
    ("openai/nonstream/chat-tool-result-followup", S, &[], 167, 0, [0, 0], 171, 128),
    ("openrouter/nonstream/cache-read", S, &[], 3, 3211, [115, 0], 53, 0),
    ("openrouter/nonstream/json-schema", S, &[], 181, 0, [0, 0], 12, 0),
    ("openrouter/nonstream/models-fallback-provider-prefs", S, &[], 5, 682, [0, 0], 240, 165),
    ("openrouter/nonstream/text-usage-cost", S, &[], 16, 0, [0, 0], 13, 0),
    ("openai/nonstream/chat-moderation-block-policy", S, &[], u64::MAX, 0, [0, 0], 0, 0),
    ("local-llamacpp/chat", S, &[], 36, 0, [0, 0], 8, 0),
];

#[rustfmt::skip]
const MESSAGES: [Row; 12] = [
    ("anthropic/nonstream/cache-read", S, &[], 10, 7351, [0, 0], 4, 0),
    ("anthropic/nonstream/cache-write", S, &[], 10, 0, [7351, 0], 4, 0),
    ("anthropic/nonstream/image-url", S, &[], 296, 0, [0, 0], 91, 0),
    ("anthropic/nonstream/parallel-tool-results", S, &[], 771, 0, [0, 0], 77, 0),
    ("anthropic/nonstream/thinking-adaptive-opus-5", S, &[], 13, 0, [0, 0], 44, 33),
    ("anthropic/nonstream/thinking-redacted", S, &[], 92, 0, [0, 0], 196, 0),
    ("anthropic/nonstream/thinking-summarized-sonnet-5", S, &[], 44, 0, [0, 0], 626, 170),
    ("anthropic/nonstream/thinking-tool-use", T, &["get_user_country"], 398, 0, [0, 0], 155, 0),
    ("anthropic/nonstream/tool-choice-specific", T, &["weather"], 716, 0, [0, 0], 56, 0),
    ("anthropic/nonstream/tool-result-followup", S, &[], 748, 0, [0, 0], 55, 0),
    ("anthropic/nonstream/tool-use", T, &["weather"], 633, 0, [0, 0], 75, 0),
    ("local-llamacpp/messages", S, &[], 1, 35, [0, 0], 8, 0),
];
