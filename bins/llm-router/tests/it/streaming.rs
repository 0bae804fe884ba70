//! Streams from simulated providers through a server, and what their callers heard.

use std::io::Write;
use std::ops::Range;

use llm_router::descriptors;
use reqwest::{RequestBuilder, Response, StatusCode};
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::server::{Place, Server};

/// How many words each of these answers has.
pub(crate) const WORDS: usize = 60;

/// From here on each word of an answer is its own number, so that a gap and a repetition are seen.
const NUMBERED: Range<usize> = 30..WORDS;

const CONFIGURATION: &str = "[rate_limit]\nenabled = false\n[cache]\nenabled = false\n[models]\nfiles = [\"models.toml\"]\n\
                             [failover]\nbreaker_failures = 0\n";

/// One at a time: tests of many streams would measure each other.
static ALONE: Mutex<()> = Mutex::const_new(());

pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    // A server's callers and its providers live in this process, at two descriptors a stream.
    descriptors::raise();
    ALONE.lock().await
}

pub(crate) async fn simulator() -> Simulator {
    let everything = SimulatorConfig { remembered_attempts: 100_000, ..SimulatorConfig::default() };
    Simulator::start(everything).await.unwrap()
}

/// Where the three providers are `simulator`'s, and the models as in `catalogue`.
pub(crate) fn place(simulator: &Simulator, catalogue: &str, more: &str) -> Place {
    Place::new()
        .with("OPENAI_API_KEY", "sk-simulated")
        .with("ANTHROPIC_API_KEY", "sk-simulated")
        .with("OPENROUTER_API_KEY", "sk-simulated")
        .with("OPENAI_BASE_URL", simulator.base_url(Wire::OpenAi))
        .with("ANTHROPIC_BASE_URL", simulator.base_url(Wire::Anthropic))
        .with("OPENROUTER_BASE_URL", simulator.base_url(Wire::OpenRouter))
        .with("LOG_LEVEL", "info")
        .holding("llm-router.toml", &format!("{CONFIGURATION}{more}"))
        .holding("models.toml", catalogue)
}

/// A model of each wire, whose answers end with `suffixes`, and another of each whose connection is reset after 40 of its
/// words; `spare` goes on then.
pub(crate) fn catalogue(suffixes: &str) -> String {
    let mut catalogue = String::new();
    let wires = [("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5"), ("openrouter", "openai/gpt-4o")];
    for (provider, upstream) in wires {
        catalogue.push_str(&model(&format!("{provider}-whole"), provider, &format!("{upstream}{suffixes}"), ""));
        let cut = format!("{upstream}{suffixes}+fault:cut-after-40");
        catalogue.push_str(&model(&format!("{provider}-cut"), provider, &cut, "failoverOrder = [\"spare\"]\n"));
    }
    let prefills = "capabilities = [\"prefill\", \"sampling_parameters\"]\n";
    catalogue + &model("spare", "anthropic", &format!("claude-haiku-4-5{suffixes}+cached"), prefills)
}

/// An entry of a catalogue.
pub(crate) fn model(id: &str, provider: &str, upstream: &str, more: &str) -> String {
    format!(
        "[[models]]\nid = \"{id}\"\nprovider = \"{provider}\"\nupstreamName = \"{upstream}\"\ncontextTokens = 128_000\n\
         maxOutputTokens = 64_000\nprice = {{ input = 1, output = 1 }}\n{more}"
    )
}

/// Which API is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /api/route`.
    Native,
}

/// A request for a stream.
pub(crate) fn request(server: &Server, api: Api, model: &str, prompt: &str) -> RequestBuilder {
    request_with(server, api, model, prompt, true)
}

/// The same, answered by this model or none.
pub(crate) fn request_alone(server: &Server, api: Api, model: &str, prompt: &str) -> RequestBuilder {
    request_with(server, api, model, prompt, false)
}

fn request_with(server: &Server, api: Api, model: &str, prompt: &str, fallbacks: bool) -> RequestBuilder {
    let (path, body) = match api {
        Api::Chat => {
            let messages = [json!({"role": "user", "content": prompt})];
            let wishes = json!({"fallbacks": fallbacks});
            let body = json!({"model": model, "messages": messages, "stream": true, "router": wishes});
            ("/v1/chat/completions", body)
        }
        Api::Native => {
            ("/api/route", json!({"modelId": model, "prompt": prompt, "stream": true, "fallbacks": fallbacks}))
        }
    };
    server.client.post(server.url(path)).json(&body)
}

/// A stream that is being heard.
pub(crate) struct Hearing {
    api: Api,
    response: Response,
    /// What came and is no whole event yet.
    rest: String,
    pub(crate) id: String,
    pub(crate) text: String,
    /// `[DONE]`, or `done`.
    pub(crate) done: bool,
    pub(crate) error: Option<Value>,
}

impl Hearing {
    pub(crate) async fn begin(api: Api, request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        Self { api, response, rest: String::new(), id, text: String::new(), done: false, error: None }
    }

    pub(crate) fn words(&self) -> usize {
        self.text.split_whitespace().count()
    }

    /// Hears what comes next. False at the end, whatever kind of end it is.
    pub(crate) async fn more(&mut self) -> bool {
        let Ok(Some(piece)) = self.response.chunk().await else { return false };
        self.rest.push_str(std::str::from_utf8(&piece).unwrap());
        while let Some((event, rest)) = self.rest.split_once("\n\n") {
            let (event, rest) = (event.to_owned(), rest.to_owned());
            self.take(&event);
            self.rest = rest;
        }
        true
    }

    /// Hears until so many words were said.
    pub(crate) async fn until(&mut self, words: usize) {
        while self.words() < words {
            assert!(self.more().await, "it ended after {:?}", self.text);
        }
    }

    /// Hears all of it.
    pub(crate) async fn heard_out(mut self) -> Self {
        while self.more().await {}
        self
    }

    fn take(&mut self, event: &str) {
        let name = event.lines().find_map(|line| line.strip_prefix("event: "));
        let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { return };
        assert!(!self.done && self.error.is_none() || data == "[DONE]", "something follows the end: {event}");
        if data == "[DONE]" {
            self.done = self.error.is_none();
            return;
        }
        let data: Value = serde_json::from_str(data).unwrap();
        let text = match self.api {
            Api::Chat => &data["choices"][0]["delta"]["content"],
            Api::Native => &data["text"],
        };
        self.text.push_str(text.as_str().unwrap_or_default());
        self.done |= name == Some("done");
        if name == Some("error") || !data["error"].is_null() {
            self.error = Some(data);
        }
    }

    /// The answer is there, word for word, and its end was said.
    pub(crate) fn check_whole(&self) {
        let words: Vec<_> = self.text.split_whitespace().collect();
        assert!(self.done && self.error.is_none(), "{:?} {}", self.error, self.text);
        assert_eq!(words.len(), WORDS, "{}", self.text);
        assert_eq!(words[0], "[simulated]");
        let numbers = NUMBERED.map(|place| (place + 1).to_string());
        assert!(words[NUMBERED].iter().copied().eq(numbers), "{}", self.text);
    }
}

/// What a process has used by now, where the system tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Memory, in KiB.
    pub(crate) resident: u64,
    /// Processor time, in milliseconds.
    pub(crate) processor: u64,
    /// Open files.
    pub(crate) files: usize,
}

/// What the server has used by now; `None` on a system without `/proc`.
pub(crate) fn used(server: &Server) -> Option<Used> {
    let place = format!("/proc/{}", server.process.id());
    let status = std::fs::read_to_string(format!("{place}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    let stat = std::fs::read_to_string(format!("{place}/stat")).ok()?;
    // Behind the name, which may hold anything: user and system time are the 12th and 13th, in hundredths of a second.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<u64>().ok();
    Some(Used {
        resident: resident.parse().ok()?,
        processor: (ticks(11)? + ticks(12)?) * 10,
        files: std::fs::read_dir(format!("{place}/fd")).ok()?.count(),
    })
}

/// Says something that is seen although the test passes.
pub(crate) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}
