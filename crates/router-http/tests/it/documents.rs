//! The committed documents say what the server does.

use std::path::PathBuf;

use router_http::openapi::openapi;
use serde_json::Value;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// `UPDATE_DOCS=1 cargo test -p router-http` writes the document anew.
#[test]
fn the_committed_openapi_document_is_current() {
    let current = format!("{:#}\n", openapi());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(docs("openapi.json"), &current).unwrap();
    }
    let committed = std::fs::read_to_string(docs("openapi.json")).unwrap_or_default();
    assert!(
        committed == current,
        "docs/openapi.json is out of date: UPDATE_DOCS=1 cargo test -p router-http writes it anew"
    );
}

#[test]
fn every_operation_is_in_the_handbook() {
    let handbook = std::fs::read_to_string(docs("API.md")).unwrap();
    let document = openapi();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let heading = format!("`{} {path}`", method.to_uppercase());
            assert!(handbook.contains(&heading), "docs/API.md does not describe {heading}");
        }
    }
}

#[test]
fn every_error_code_is_in_the_handbook() {
    let handbook = std::fs::read_to_string(docs("API.md")).unwrap();
    let source = include_str!("../../src/error_response.rs");
    let codes = source.lines().filter(|line| line.contains("(StatusCode::")).filter_map(|line| line.rsplit('"').nth(1));
    let mut seen = 0;
    for code in codes {
        assert!(handbook.contains(&format!("`{code}`")), "docs/API.md does not describe the error code {code}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} codes found");
}

#[test]
fn every_reference_in_the_openapi_document_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
