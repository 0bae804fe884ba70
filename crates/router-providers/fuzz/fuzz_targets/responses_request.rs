//! A caller's Responses request: whatever is read can be written for every kind of provider, as valid JSON.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use router_core::id::RequestId;
use router_core::model::Model;
use router_core::registry::Registry;
use router_providers::anthropic_messages;
use router_providers::call::Call;
use router_providers::openai_chat::{self, Flavour};
use router_providers::openai_responses::{self, Echo};
use router_providers::splice::Object;

const OURS: &[&str] = &["router"];

/// One model for each set of capabilities: it is those that encoders look at, and the name.
static MODELS: LazyLock<Vec<Arc<Model>>> = LazyLock::new(|| {
    let mut models: Vec<Arc<Model>> = Vec::new();
    for model in Registry::shipped().models() {
        let known = |known: &Arc<Model>| known.capabilities == model.capabilities && known.provider == model.provider;
        if !models.iter().any(known) {
            models.push(model.clone());
        }
    }
    models
});

fuzz_target!(|body: &[u8]| {
    let Ok(inbound) = openai_responses::decode_request(body, OURS) else { return };
    let _ = Echo::of(body);
    let id = RequestId(uuid::Uuid::nil());
    for model in MODELS.iter() {
        let call = Call::new(id, model, &inbound.conversation);
        for call in [call, call.streaming()] {
            for flavour in [Flavour::OpenAi, Flavour::OpenRouter, Flavour::Compatible] {
                if let Ok(written) = openai_chat::encode(&call, flavour) {
                    valid(&written.body);
                }
            }
            if let Ok(written) = anthropic_messages::encode(&call) {
                valid(&written.body);
            }
        }
    }
});

fn valid(body: &[u8]) {
    Object::read(body).expect("what is written is a JSON object");
}
