//! A whole answer of a provider: any bytes are an answer or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use router_providers::openai_chat::decode;

fuzz_target!(|body: &[u8]| {
    match decode(body) {
        // What is taken for an answer is text, is JSON, and says no error.
        Ok(answer) => {
            let json: serde_json::Value = serde_json::from_slice(body).expect("an answer is JSON");
            assert!(json["error"].is_null(), "{json} is an error, not {answer:?}");
        }
        Err(error) => assert!(error.message.len() <= 4096, "words are cut"),
    }
});
