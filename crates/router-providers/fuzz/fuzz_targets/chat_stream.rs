//! A streamed answer in OpenAI's dialect.
#![no_main]

use libfuzzer_sys::fuzz_target;
use router_providers::openai_chat::stream::{Asked, Decoder};

fuzz_target!(|input: &[u8]| {
    router_providers_fuzz::check(|| Decoder::new(None), input);
    router_providers_fuzz::check(|| Decoder::new(Some(Asked { usage: false, choices: 1 })), input);
});
