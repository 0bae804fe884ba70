//! Edits of a JSON object: valid JSON stays so, and what is not edited keeps every byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use router_core::raw_json::RawJson;
use router_providers::splice::{Edit, Object};
use serde_json::json;

fuzz_target!(|body: &[u8]| {
    let Ok(object) = Object::read(body) else {
        let whole = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body);
        assert!(whole.is_err(), "an object is refused");
        return;
    };
    assert_eq!(object.edited(&[]).unwrap(), body, "nothing was to be edited");

    let value = || RawJson::of(&json!({"a": [1, "\u{1F980}"]}));
    let edits = [
        Edit::Set { member: "model", value: value() },
        Edit::Rename { member: "max_tokens", to: "max_completion_tokens" },
        Edit::Remove { member: "temperature" },
        Edit::Append { member: "messages", element: value() },
        Edit::SetWithin { member: "stream_options", inner: "include_usage", value: value() },
    ];
    for edit in &edits {
        check(&object, std::slice::from_ref(edit));
    }
    check(&object, &edits);
});

fn check(object: &Object<'_>, edits: &[Edit<'_>]) {
    let Ok(edited) = object.edited(edits) else { return };
    let edited = Object::read(&edited).expect("valid JSON stays valid");
    let touched = ["model", "max_tokens", "max_completion_tokens", "temperature", "messages", "stream_options"];
    let untouched = |object: &Object<'_>| -> Vec<(String, String)> {
        let members = object.members().iter().filter(|member| !touched.contains(&&*member.name));
        members.map(|member| (member.name.to_string(), member.value.to_owned())).collect()
    };
    assert_eq!(untouched(&edited), untouched(object), "what is not edited stays");
    for edit in edits {
        match edit {
            Edit::Set { member, value } => assert_eq!(edited.get(member), Some(value.text())),
            Edit::Rename { member, .. } | Edit::Remove { member } => assert_eq!(edited.get(member), None),
            Edit::SetWithin { member, inner, value } => {
                let within = edited.get(member).expect("it was set");
                let within = Object::read(within.as_bytes()).expect("it is an object");
                assert_eq!(within.get(inner), Some(value.text()));
            }
            Edit::Append { .. } => {}
        }
    }
}
