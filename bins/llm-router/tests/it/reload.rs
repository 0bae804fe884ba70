//! A changed configuration takes effect without a restart, however it was changed; one that is wrong does not.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::server::{Place, Server};

const WITH_CATALOGUE: &str = "[models]\nfiles = [\"mine.toml\"]\n";

/// A catalogue that says something one can look for.
fn catalogue(description: &str) -> String {
    format!("[[models]]\nid = \"gpt-4o\"\ndescription = \"{description}\"\n")
}

async fn described(server: &Server) -> Value {
    server.model("gpt-4o").await.unwrap()["description"].take()
}

async fn becomes(server: &Server, description: &str) {
    loop {
        let seen = server.process.err.count();
        if described(server).await == description {
            return;
        }
        server.process.err.line_after(seen, "configuration reloaded").await;
    }
}

#[tokio::test]
async fn a_changed_file_takes_effect() {
    let place = Place::new();
    let server = place.serve(&["--demo"]).await;
    assert_eq!(server.model("gpt-4o").await.unwrap()["isActive"], true);

    // A file that was not there, and names another one.
    place.write("mine.toml", "[[models]]\nid = \"gpt-4o\"\nisActive = false\n");
    place.write("llm-router.toml", WITH_CATALOGUE);
    server.process.err.line_with("configuration reloaded").await;
    assert_eq!(server.model("gpt-4o").await.unwrap()["isActive"], false);
    let (status, answer) = server.route(&json!({"prompt": "Hello", "modelId": "gpt-4o", "fallbacks": false})).await;
    assert_eq!(status, 400, "{answer}");

    // The catalogue itself.
    place.write("mine.toml", &catalogue("second"));
    becomes(&server, "second").await;
}

#[tokio::test]
async fn a_file_replaced_by_another_is_noticed() {
    let place = Place::new().holding("llm-router.toml", WITH_CATALOGUE).holding("mine.toml", &catalogue("first"));
    let server = place.serve(&["--demo"]).await;
    for description in ["second", "third"] {
        // As editors do.
        place.write("mine.toml~", &catalogue(description));
        fs::rename(place.path("mine.toml~"), place.path("mine.toml")).unwrap();
        becomes(&server, description).await;
    }
}

#[tokio::test]
async fn a_mounted_volume_that_is_swapped_is_noticed() {
    // As Kubernetes does: the files link into `..data`, which links to a directory of the day.
    let place = Place::new();
    let volume = |name: &str, description: &str| {
        fs::create_dir(place.path(name)).unwrap();
        place.write(&format!("{name}/llm-router.toml"), WITH_CATALOGUE);
        place.write(&format!("{name}/mine.toml"), &catalogue(description));
        symlink(name, place.path("..data_tmp")).unwrap();
        fs::rename(place.path("..data_tmp"), place.path("..data")).unwrap();
    };
    volume("..monday", "monday");
    for file in ["llm-router.toml", "mine.toml"] {
        symlink(format!("..data/{file}"), place.path(file)).unwrap();
    }
    let server = place.serve(&["--demo"]).await;
    assert_eq!(described(&server).await, "monday");
    volume("..tuesday", "tuesday");
    becomes(&server, "tuesday").await;
    fs::remove_dir_all(place.path("..monday")).unwrap();
    volume("..wednesday", "wednesday");
    becomes(&server, "wednesday").await;
}

#[tokio::test]
async fn a_change_behind_a_link_is_noticed() {
    let place = Place::new();
    fs::create_dir(place.path("elsewhere")).unwrap();
    place.write("elsewhere/models.toml", &catalogue("first"));
    symlink("elsewhere/models.toml", place.path("mine.toml")).unwrap();
    place.write("llm-router.toml", WITH_CATALOGUE);
    let server = place.serve(&["--demo"]).await;
    place.write("elsewhere/models.toml", &catalogue("second"));
    becomes(&server, "second").await;
}

#[tokio::test]
async fn a_hangup_reloads() {
    let place = Place::new().holding("llm-router.toml", "[log]\nlevel = \"info\"\n");
    let server = place.serve(&["--demo"]).await;
    // Nothing has changed, so nothing but the signal can be the reason.
    server.process.signal("HUP");
    let line = server.process.err.line_with("configuration reloaded").await;
    assert!(line.contains("reason=\"SIGHUP\""), "{line}");
    assert_eq!(server.get("/readyz").await.status(), 200);
}

#[tokio::test]
async fn what_is_wrong_changes_nothing_and_is_named() {
    let place = Place::new().holding("llm-router.toml", WITH_CATALOGUE).holding("mine.toml", &catalogue("first"));
    let server = place.serve(&["--demo"]).await;
    let err = &server.process.err;

    // In the file: with its line and its field, and what was read with it does not count either.
    place.write("new.toml", &catalogue("never"));
    place.write("llm-router.toml", "[models]\nfiles = [\"new.toml\"]\n[cache]\nttl = \"soon\"\n");
    let line = err.line_with("the new configuration is not valid; the old one stays in force").await;
    assert!(line.contains("ERROR"), "{line}");
    err.line_with("llm-router.toml:4: cache.ttl: ").await;
    assert_eq!(described(&server).await, "first");

    // In a catalogue that only the new configuration names.
    let seen = err.count();
    place.write("new.toml", "[[models]]\nid = \"gpt-4o\"\ncontextTokens = -1\n");
    place.write("llm-router.toml", "[models]\nfiles = [\"new.toml\"]\n");
    let line = err.line_after(seen, "new.toml:3: ").await;
    assert!(line.contains("\"gpt-4o\"") && line.contains("contextTokens"), "{line}");
    assert_eq!(described(&server).await, "first");

    // It is watched all the same: mending it is enough.
    place.write("new.toml", &catalogue("mended"));
    becomes(&server, "mended").await;

    // As is one that does not exist yet.
    let seen = err.count();
    place.write("llm-router.toml", "[models]\nfiles = [\"later.toml\"]\n");
    err.line_after(seen, "later.toml: there is no such file").await;
    place.write("later.toml", &catalogue("later"));
    becomes(&server, "later").await;
}

#[tokio::test]
async fn what_needs_a_restart_is_said() {
    let place = Place::new();
    let server = place.serve(&["--demo"]).await;
    place.write("llm-router.toml", "[server]\nbody_limit = \"1MiB\"\n");
    let line = server.process.err.line_with("takes effect at the next start only").await;
    assert!(line.contains("section=\"server\""), "{line}");
    server.process.err.line_with("configuration reloaded").await;
}
