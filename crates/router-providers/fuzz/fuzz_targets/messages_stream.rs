//! A streamed answer in Anthropic's dialect.
#![no_main]

use libfuzzer_sys::fuzz_target;
use router_providers::anthropic_messages::stream::Decoder;

fuzz_target!(|input: &[u8]| {
    router_providers_fuzz::check(|| Decoder::new(false), input);
    router_providers_fuzz::check(|| Decoder::new(true), input);
});
