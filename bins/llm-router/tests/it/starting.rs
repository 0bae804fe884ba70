//! What keeps a server from starting is said on standard error, the exit code is not 0, and nothing is damaged.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::server::Place;

/// Starts a server that cannot start, and checks that it says so with all of `said`.
async fn refuses(place: &Place, arguments: &[&str], said: &[&str]) {
    let finished = place.run(&[&["serve"], arguments].concat()).await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    assert_eq!(finished.out, "", "nothing was promised");
    for words in said {
        assert!(finished.err.contains(words), "{words:?} is not in:\n{}", finished.err);
    }
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    refuses(&place, &["--listen", &address], &["llm-router: cannot listen on", &address, "in use"]).await;
    assert!(!place.path("data").exists(), "nothing is left behind");
}

#[tokio::test]
async fn a_data_directory_that_another_process_has() {
    let place = Place::new();
    let first = place.serve(&["--demo"]).await;
    refuses(&place, &["--demo", "--listen", "127.0.0.1:0"], &["data/demo/journal is in use by another process"]).await;
    // The first one has not been disturbed.
    let answer = first.answer(&json!({"prompt": "Hello"})).await;
    first.records_are_written().await;
    assert_eq!(first.records().await[0]["requestId"], answer["requestId"]);
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made() {
    // Permissions would not hold against a test that root runs; a file in the way does.
    let place =
        Place::new().holding("occupied", "mine").holding("llm-router.toml", "[data]\ndir = \"occupied/data\"\n");
    refuses(&place, &["--listen", "127.0.0.1:0"], &["the data directory", "occupied/data cannot be made", "data.dir"])
        .await;
    assert_eq!(fs::read_to_string(place.path("occupied")).unwrap(), "mine");
}

#[tokio::test]
async fn a_database_that_is_none() {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    let text = "this is not a database, and somebody may want it back ".repeat(100);
    place.write("data/llm-router.db", &text);
    refuses(&place, &["--listen", "127.0.0.1:0"], &["data/llm-router.db cannot be opened", "not an SQLite file"]).await;
    assert_eq!(fs::read_to_string(place.path("data/llm-router.db")).unwrap(), text);
}

#[tokio::test]
async fn a_database_that_is_damaged() {
    let place = Place::new();
    let mut server = place.serve(&["--demo"]).await;
    server.answer(&json!({"prompt": "Hello"})).await;
    assert_eq!(server.stop().await, Some(0));
    let path = place.path("data/demo/llm-router.db");
    let whole = fs::read(&path).unwrap();
    // The head is good; the list of tables behind it is not.
    let mut damaged = whole.clone();
    damaged[100..4096].fill(0xa5);
    fs::write(&path, &damaged).unwrap();
    let said = ["llm-router.db cannot be opened", "it is damaged: restore a backup"];
    refuses(&place, &["--demo", "--listen", "127.0.0.1:0"], &said).await;
    assert!(fs::read(&path).unwrap() == damaged, "what may still be saved was changed");

    // With the backup back in its place all is as before.
    fs::write(&path, &whole).unwrap();
    let server = place.serve(&["--demo"]).await;
    assert_eq!(server.records().await.len(), 1);
}

#[tokio::test]
async fn a_configuration_that_is_missing_or_wrong() {
    let place = Place::new();
    refuses(&place, &["--config", "mine.toml"], &["mine.toml: cannot be read"]).await;
    place.write("mine.toml", "[server]\nlisten = \"127.0.0.1:0\"\n[cache]\nttl = 5\n[rate_limit]\nburst = 0\n");
    refuses(
        &place,
        &["--config", "mine.toml"],
        &["2 errors", "mine.toml:4: cache.ttl: ", "mine.toml:6: rate_limit.burst: "],
    )
    .await;
    place.write("mine.toml", "[models]\nfiles = [\"models.toml\"]\n");
    place.write("models.toml", "[[models]]\nid = \"mine\"\nprovider = \"openai\"\n");
    refuses(&place, &["--config", "mine.toml"], &["models.toml:2: ", "\"mine\"", "contextTokens"]).await;
    assert!(!place.path("data").exists(), "nothing is left behind");
}

#[tokio::test]
async fn an_address_that_others_reach() {
    let place = Place::new();
    let said = ["--listen: server.listen: others could reach this address", "allow_unauthenticated_network"];
    refuses(&place, &["--listen", "0.0.0.0:0"], &said).await;
    refuses(&place, &["--demo", "--listen", "[::]:0"], &said).await;
    assert!(!place.path("data").exists(), "nothing is left behind");
}

#[tokio::test]
async fn production_without_secrets() {
    let place = Place::new().with("APP_ENV", "production");
    refuses(&place, &["--listen", "127.0.0.1:0"], &["needs API_KEY_SECRET and JWT_SECRET", "openssl rand"]).await;
    assert!(!place.path("data").exists(), "nothing is left behind");
}

#[tokio::test]
async fn in_production_nobody_is_let_in_without_credentials() {
    let secret = "0123456789abcdef0123456789abcdef";
    let place = Place::new().with("APP_ENV", "production").with("API_KEY_SECRET", secret).with("JWT_SECRET", secret);
    let server = place.serve(&[]).await;
    assert_eq!(server.get("/api/models").await.status(), 401);
    assert_eq!(server.get("/livez").await.status(), 200);
    assert!(!server.process.out.text().contains("WARNING"), "{}", server.process.out.text());
}

#[tokio::test]
async fn the_data_directory_is_made_for_its_owner_alone() {
    let mode = |path: &str, place: &Place| fs::metadata(place.path(path)).unwrap().permissions().mode() & 0o777;
    let place = Place::new();
    let mut server = place.serve(&["--demo"]).await;
    assert_eq!((mode("data", &place), mode("data/demo", &place)), (0o700, 0o700));
    assert_eq!(server.stop().await, Some(0));

    // One that is there is its owner's affair.
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    fs::set_permissions(place.path("data"), fs::Permissions::from_mode(0o750)).unwrap();
    place.serve(&[]).await;
    assert_eq!(mode("data", &place), 0o750);
}
