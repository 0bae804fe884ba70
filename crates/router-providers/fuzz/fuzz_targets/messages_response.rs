//! A whole answer of a provider: any bytes are an answer or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use router_providers::anthropic_messages::decode;

fuzz_target!(|body: &[u8]| {
    match decode(body) {
        // What is taken for an answer says no error. (Bytes that are no text are seen only in the fields that are read.)
        Ok(answer) => {
            if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
                assert!(json["error"].is_null(), "{json} is an error, not {answer:?}");
            }
        }
        Err(error) => assert!(error.message.len() <= 4096, "words are cut"),
    }
});
