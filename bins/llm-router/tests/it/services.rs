//! The services that the tests of this workspace may use speak their protocols. `make test` promises both; a plain
//! `cargo test` may go without.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::process::PATIENCE;

/// A service's address, if the environment names one.
fn service(variable: &str) -> Option<Url> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    if text.is_none() {
        println!("{variable} is not set: this service was not tested");
    }
    text.map(|text| text.parse().unwrap_or_else(|error| unreachable!("{variable} is not a URL: {error}")))
}

fn connect(url: &Url, default_port: u16) -> TcpStream {
    let host = url.host_str().unwrap().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, url.port().unwrap_or(default_port))).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn postgresql_answers_a_request_for_encryption() {
    let Some(url) = service("TEST_DATABASE_URL") else { return };
    assert!(["postgres", "postgresql"].contains(&url.scheme()), "{}", url.scheme());
    let mut stream = connect(&url, 5432);
    // SSLRequest, "Message Formats" of PostgreSQL's documentation: its length, then its code.
    stream.write_all(&[8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat()).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert!([b'S', b'N'].contains(&answer[0]), "{answer:?}");
}

#[test]
fn redis_answers_a_ping() {
    let Some(url) = service("TEST_REDIS_URL") else { return };
    assert_eq!(url.scheme(), "redis", "this test speaks to Redis without encryption");
    let mut stream = connect(&url, 6379);
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |words: &[&str]| {
        stream.write_all(command(words).as_bytes()).unwrap();
        lines.next().unwrap().unwrap()
    };
    if let Some(password) = url.password() {
        let plain = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let user = if url.username().is_empty() { "default".to_owned() } else { plain(url.username()) };
        assert_eq!(say(&["AUTH", &user, &plain(password)]), "+OK");
    }
    assert_eq!(say(&["PING"]), "+PONG");
}

/// A command in Redis' protocol: an array of strings, each with its length.
fn command(words: &[&str]) -> String {
    let strings: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{strings}", words.len())
}
