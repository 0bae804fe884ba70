//! A server in a directory of its own, and what is asked of it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, until};

/// Where a program is started: a directory with files, and an environment with nothing but what the test says.
pub(crate) struct Place {
    directory: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What a command that ended by itself left behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// With a variable in the environment.
    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    /// With a file.
    pub(crate) fn holding(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llm-router"));
        command.args(arguments).current_dir(self.root()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::start(command)
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        Self::finished(self.start(arguments)).await
    }

    async fn finished(mut process: Process) -> Finished {
        let code = process.ended().await.code();
        Finished { code, out: process.out.text(), err: process.err.text() }
    }

    /// The same as somebody whom permissions hold for: root is that without its powers. `None`, and a word about it, where root
    /// cannot give them away.
    pub(crate) async fn run_without_powers(&self, arguments: &[&str]) -> Option<Finished> {
        // The directory was made by whoever runs this.
        if std::fs::metadata(self.root()).unwrap().uid() != 0 {
            return Some(self.run(arguments).await);
        }
        if Command::new("setpriv").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "setpriv is not installed");
            println!("setpriv is not installed: permissions were not tested");
            return None;
        }
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", env!("CARGO_BIN_EXE_llm-router")]).args(arguments);
        command.current_dir(self.root()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Some(Self::finished(Process::start(command)).await)
    }

    /// Starts `serve` on a free port, and waits until it is ready.
    pub(crate) async fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0", arguments).await
    }

    /// The same on an address of the test's choice.
    pub(crate) async fn serve_at(&self, listen: &str, arguments: &[&str]) -> Server {
        Self::ready(self.start(&[&["serve", "--listen", listen], arguments].concat())).await
    }

    /// The same from a shell that has run `preparation`.
    pub(crate) async fn serve_after(&self, preparation: &str) -> Server {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{preparation} && exec \"$0\" serve --listen 127.0.0.1:0")]);
        command.arg(env!("CARGO_BIN_EXE_llm-router")).current_dir(self.root()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Self::ready(Process::start(command)).await
    }

    async fn ready(process: Process) -> Server {
        let line = tokio::select! {
            line = process.out.line_with("LLM Router listens on ") => line,
            // It ends for a reason that it names there.
            () = async { process.err.line_with("llm-router: ").await; } => unreachable!("{}", process.err.text()),
        };
        let address = line.rsplit_once("http://").unwrap().1.to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        let server = Server { process, address, client };
        assert_eq!(server.get("/readyz").await.text().await.unwrap(), "ok\n");
        server
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) client: Client,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// What a path answers, which has to be a success.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn route(&self, body: &Value) -> (StatusCode, Value) {
        let response = self.client.post(self.url("/api/route")).json(body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// An answer, which has to be one.
    pub(crate) async fn answer(&self, body: &Value) -> Value {
        let (status, answer) = self.route(body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// A model as it is in force; `None` if there is none of that id.
    pub(crate) async fn model(&self, id: &str) -> Option<Value> {
        let models = self.read("/api/models").await;
        models["models"].as_array().unwrap().iter().find(|model| model["id"] == id).cloned()
    }

    /// Waits until every record is in the database.
    pub(crate) async fn records_are_written(&self) {
        until("the journal to be written", async || self.read("/api/health").await["journal"]["entries"] == 0).await;
    }

    /// All records, page by page, newest first.
    pub(crate) async fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        let mut path = "/api/requests?limit=500".to_owned();
        loop {
            let mut page = self.read(&path).await;
            match page["items"].take() {
                Value::Array(items) => records.extend(items),
                other => unreachable!("{other}"),
            }
            match page["next"].as_str() {
                Some(next) => path = format!("/api/requests?limit=500&before={next}"),
                None => return records,
            }
        }
    }

    /// Tells it to stop, and waits for its end. Its exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        self.process.signal("TERM");
        self.process.ended().await.code()
    }
}
