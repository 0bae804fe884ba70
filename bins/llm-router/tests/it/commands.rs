//! The commands that serve nothing.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::server::{Finished, Place};

async fn succeeds(place: &Place, arguments: &[&str]) -> String {
    let Finished { code, out, err } = place.run(arguments).await;
    assert_eq!((code, &*err), (Some(0), ""), "{arguments:?}: {out}");
    out
}

async fn json(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(place, arguments).await).unwrap()
}

#[tokio::test]
async fn explain_prints_the_decision_as_a_table() {
    let place = Place::new();
    let text = succeeds(&place, &["explain", "Explain quantum computing in simple terms"]).await;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("type        question_answering "), "{text}");
    assert!(lines[1].starts_with("difficulty  0."), "{text}");
    assert!(lines[2].starts_with("tokens      about ") && lines[2].ends_with(" out"), "{text}");
    assert_eq!(lines[3], "weights     cost 0.30, latency 0.30, quality 0.40");
    let head: Vec<_> = lines[5].split_whitespace().collect();
    assert_eq!(head, ["#", "model", "utility", "quality", "cost", "latency", "q", "c", "l"]);
    // Inactive models are excluded, with their reason.
    assert!(lines.iter().any(|line| line.starts_with("  -  ") && line.contains("inactive")), "{text}");
    assert!(!place.path("data").exists(), "nothing is kept");
}

#[tokio::test]
async fn explain_says_the_same_as_json() {
    let place = Place::new();
    for weights in [&["--cost-weight", "1"][..], &["--quality-weight", "9", "--latency-weight", "0"]] {
        let arguments = [&["explain", "Prove that there are infinitely many primes."], weights].concat();
        let table = succeeds(&place, &arguments).await;
        let decision = json(&place, &[&arguments[..], &["--json"]].concat()).await;
        let mut candidates = decision["candidates"].as_array().unwrap().clone();
        candidates.sort_by_key(|candidate| candidate["planPosition"].as_u64());
        let rows: Vec<Vec<_>> = table.lines().skip(6).map(|line| line.split_whitespace().collect()).collect();
        for (row, candidate) in rows.iter().zip(&candidates) {
            assert_eq!(row[0], candidate["planPosition"].to_string());
            assert_eq!(row[1], candidate["modelId"]);
            assert_eq!(row[2], format!("{:.3}", candidate["utility"].as_f64().unwrap()));
        }
        assert!(candidates.len() > 30 && rows[candidates.len()][0] == "-", "{table}");
        assert_eq!(table.lines().last().unwrap(), decision["summary"]);
    }
}

#[tokio::test]
async fn models_lists_what_is_in_force() {
    let place = Place::new()
        .holding("llm-router.toml", "[models]\nfiles = [\"mine.toml\"]\n")
        .holding("mine.toml", "[[models]]\nid = \"mine\"\nprovider = \"openai\"\ncontextTokens = 1000\n");
    let text = succeeds(&place, &["models"]).await;
    let head: Vec<_> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["model", "provider", "$/M", "in", "$/M", "out", "context", "quality", "notes"]);
    let mine: Vec<_> = text.lines().last().unwrap().split_whitespace().take(5).collect();
    assert_eq!(mine, ["mine", "openai", "unpriced", "unpriced", "1000"]);
    let models = json(&place, &["models", "--json"]).await;
    let ids: Vec<_> = models.as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    let rows: Vec<_> = text.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(rows, ids);
    assert!(ids.len() > 40 && ids.contains(&"gpt-4o"), "{ids:?}");
}

#[tokio::test]
async fn check_looks_into_the_catalogues() {
    const WRONG: &str = "[[models]]\nid = \"a\"\nprovider = \"openai\"\ncontextTokens = 0\n\n\
                         [[models]]\nid = \"b\"\nprovider = \"openai\"\ncontextTokens = 1000\nfailoverOrder = [\"nobody\"]\n";
    let place =
        Place::new().holding("llm-router.toml", "[models]\nfiles = [\"mine.toml\"]\n").holding("mine.toml", WRONG);
    let Finished { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1), "{out}");
    for said in ["2 errors", "mine.toml:4: model \"a\": contextTokens: ", "mine.toml:10: model \"b\": failoverOrder"] {
        assert!(out.contains(said), "{said:?} is not in:\n{out}");
    }
    place.write("mine.toml", "[[models]]\nid = \"a\"\nprovider = \"openai\"\ncontextTokens = 1000\n");
    let out = succeeds(&place, &["check"]).await;
    assert!(out.starts_with("# The configuration is valid."), "{out}");
    assert!(out.contains("# llm-router.toml:2"), "{out}");
    assert!(!out.contains("never asked"), "{out}");
}

#[tokio::test]
async fn a_provider_that_nobody_configured_is_said() {
    let place = Place::new()
        .holding("llm-router.toml", "[models]\nfiles = [\"mine.toml\"]\n")
        .holding("mine.toml", "[[models]]\nid = \"mine\"\nprovider = \"olama\"\ncontextTokens = 1000\n");
    let said = "there is no provider olama, so these models are never asked: mine";
    let out = succeeds(&place, &["check"]).await;
    assert!(out.contains(&format!("# warning: {said}")), "{out}");
    place.serve(&[]).await.process.err.line_with(said).await;
}

#[tokio::test]
async fn generated_documents_are_those_of_the_repository() {
    let place = Place::new();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (command, file) in [("openapi", "openapi.json"), ("config-schema", "config.schema.json")] {
        let committed: Value = serde_json::from_str(&fs::read_to_string(docs.join(file)).unwrap()).unwrap();
        assert!(json(&place, &[command]).await == committed, "docs/{file} is stale: run `make generate`");
    }
}

#[tokio::test]
async fn the_version_is_the_packages() {
    let out = succeeds(&Place::new(), &["--version"]).await;
    assert_eq!(out, format!("llm-router {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let place = Place::new();
    for arguments in [&["models"][..], &["models", "--json"], &["explain", "Hello"], &["openapi"], &["config-schema"]] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_llm-router"))
            .args(arguments)
            .current_dir(place.root())
            .env_clear()
            .stdout(writer.try_clone().unwrap())
            .output()
            .unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{arguments:?}");
    }
}
