//! The examples of the README's quick start, as they are printed there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::Process;
use crate::server::{Place, Server};

/// An answer and its status.
type Answered = (Value, u64);

/// The README's shell blocks that call the server, with `address` in place of the one printed there.
fn blocks(address: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let calling = blocks.filter(|block| block.contains("curl "));
    calling.map(|block| block.replace("localhost:3000", address)).collect()
}

/// The commands of a block, each with its continued lines and what is quoted in it.
fn commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut command = String::new();
    for line in block.lines().filter(|line| !line.starts_with('#')) {
        command += line;
        command.push('\n');
        if !line.ends_with('\\') && command.matches('\'').count().is_multiple_of(2) {
            commands.push(std::mem::take(&mut command));
        }
    }
    commands.retain(|command| command.contains("curl "));
    commands
}

/// What people do: paste each block into a shell. `None` where there is no curl.
async fn by_shell(server: &Server, place: &Place) -> Option<Vec<Answered>> {
    Command::new("curl").arg("--version").output().ok()?;
    // Statuses are printed behind the answers, and no proxy of this machine comes between.
    place.write(".curlrc", "silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n%{http_code}\\n\"\n");
    let mut answers = Vec::new();
    for block in blocks(&server.address) {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", &block]).env("HOME", place.root()).env_remove("CURL_HOME").current_dir(place.root());
        let mut shell = Process::start(command);
        assert!(shell.ended().await.success(), "{block}\n{}", shell.err.text());
        let text = shell.out.text();
        let values: Vec<Value> = serde_json::Deserializer::from_str(&text).into_iter().map(Result::unwrap).collect();
        answers.extend(values.chunks(2).map(|pair| (pair[0].clone(), pair[1].as_u64().unwrap())));
    }
    Some(answers)
}

/// The same without curl: address and body are read out of the commands.
async fn by_hand(server: &Server) -> Vec<Answered> {
    let mut answers = Vec::new();
    for command in blocks(&server.address).iter().flat_map(|block| commands(block)) {
        let url = command.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let request = match command.split_once("-d '") {
            Some((_, body)) => server
                .client
                .post(url)
                .header("content-type", "application/json")
                .body(body.trim_end().trim_end_matches('\'').to_owned()),
            None => server.client.get(url),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16().into();
        answers.push((response.json().await.unwrap(), status));
    }
    answers
}

#[tokio::test]
async fn the_three_examples_work_in_a_shell_as_printed() {
    let place = Place::new();
    let server = place.serve(&["--demo"]).await;
    match by_shell(&server, &place).await {
        Some(answers) => check(&server, &answers).await,
        None => println!("curl is not here: the examples ran without it alone"),
    }
}

#[tokio::test]
async fn the_three_examples_work_from_a_program() {
    let place = Place::new();
    let server = place.serve(&["--demo"]).await;
    check(&server, &by_hand(&server).await).await;
}

async fn check(server: &Server, answers: &[Answered]) {
    let [(route, 200), (models, 200), (given, 201)] = answers else { unreachable!("{answers:#?}") };
    check_route(route);
    check_models(models);
    assert_eq!((&given["modelId"], &given["rating"]), (&"gpt-4o".into(), &5.into()), "{given}");
    assert_eq!((&given["category"], &given["unresolved"]), (&"accuracy".into(), &false.into()), "{given}");
    let listed = server.read("/api/feedback").await;
    assert_eq!(listed["items"].as_array().unwrap(), std::slice::from_ref(given));
}

fn check_route(answer: &Value) {
    let text = |field: &str| answer[field].as_str().unwrap_or_else(|| unreachable!("{field}: {answer:#}"));
    assert_eq!(text("requestId").len(), 36);
    assert!(text("response").starts_with("[simulated] "), "{answer:#}");
    assert!(text("response").ends_with("Explain quantum computing in simple terms"), "{answer:#}");
    assert_eq!((&answer["simulated"], &answer["cached"]), (&true.into(), &false.into()));
    assert_eq!(text("finishReason"), "stop");
    assert!(answer["usage"]["input"].as_u64().unwrap() > 0 && answer["usage"]["output"].as_u64().unwrap() > 0);
    assert_eq!((&answer["usage"]["source"], &answer["cost"]["status"]), (&"reported".into(), &"priced".into()));
    assert!(answer["cost"]["usd"].as_f64().unwrap() > 0.0);
    assert!(answer["latencyMs"].as_f64().unwrap() > 0.0);
    let attempts = answer["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{attempts:#?}");
    assert_eq!(attempts[0]["outcome"]["status"], "succeeded");
    let candidates = answer["decision"]["candidates"].as_array().unwrap();
    assert!(candidates.len() > 1, "the alternatives are there too");
    assert_eq!((&candidates[0]["rank"], &candidates[0]["modelId"]), (&1.into(), &answer["modelId"]));
    assert_eq!((&attempts[0]["modelId"], &attempts[0]["provider"]), (&answer["modelId"], &answer["provider"]));
    assert!(answer["decision"]["summary"].as_str().unwrap().starts_with(text("modelId")));
}

fn check_models(answer: &Value) {
    let models = answer["models"].as_array().unwrap();
    assert!(models.len() >= 40, "{}", models.len());
    for provider in ["openai", "anthropic", "openrouter"] {
        assert!(models.iter().any(|model| model["provider"] == provider), "{provider}");
    }
    let asked: Vec<_> = models.iter().filter(|model| !model["live"].is_null()).collect();
    assert_eq!(asked.len(), 1, "the one that the first example asked");
    assert!(asked[0]["live"]["attempts"].as_f64().unwrap() >= 1.0, "{}", asked[0]["live"]);
}
