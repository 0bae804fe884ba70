//! One request, from its path to its reply, in this order: path, key, body, model, the wire's checks, the model's
//! delay, its fault, its answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Method, Request};
use serde_json::Value;
use tokio::time::sleep;

use crate::asked::Asked;
use crate::attempt::{Outcome, Running, Seen};
use crate::fault::FaultKind;
use crate::model_name::ModelName;
use crate::problem::Problem;
use crate::reply::{self, Reply};
use crate::stage::Stage;
use crate::wire::{Endpoint, Wire};
use crate::wire_error::wire_error;
use crate::{anthropic_request, credentials, listing, openai_request};

/// The largest body taken: what Anthropic takes for a message.
const LARGEST_BODY: usize = 32 << 20;

/// A request on its wire.
pub(crate) struct Asking<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) wire: Wire,
    /// Unique among this simulator's requests.
    number: u64,
}

/// Replies to a request.
pub(crate) async fn serve(stage: &Stage, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let nowhere = || Problem::UnknownPath { method: request.method().to_string(), path: path.clone() };
    let Some((wire, endpoint)) = Wire::of_path(&path) else {
        // Outside all three: no wire's words fit, OpenAI's are the most widely read.
        let asking = Asking { stage, wire: Wire::OpenAi, number: stage.next_number() };
        return asking.refuse(&nowhere(), None);
    };
    let asking = Asking { stage, wire, number: stage.next_number() };
    match (endpoint, request.method()) {
        (Some(Endpoint::Answer), &Method::POST) => asking.answer(request).await,
        (Some(Endpoint::Models), &Method::GET) => asking.list(request.headers()),
        _ => asking.refuse(&nowhere(), None),
    }
}

impl Asking<'_> {
    fn list(&self, headers: &HeaderMap) -> Reply {
        // OpenRouter's list is public.
        if self.wire != Wire::OpenRouter
            && let Err(problem) = credentials::check(self.wire, headers)
        {
            return self.refuse(&problem, None);
        }
        let models = self.stage.config.models.iter().filter(|(wire, _)| *wire == self.wire);
        let body = listing::listing(self.wire, models.map(|(_, name)| name.as_str()));
        Reply::Http(reply::json(self.wire, 200, &self.request_id(), &body, None))
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return self.refuse(&Problem::Unreadable(format!("Could not read the body: {error}")), None),
        };
        let read = read_json(&parts.headers, &body);
        let name = read.as_ref().ok().and_then(|json| json["model"].as_str()).unwrap_or_default().to_owned();
        let streamed = read.as_ref().is_ok_and(|json| json["stream"] == true);
        let seen = Seen { wire: self.wire, model: name.clone(), streamed, headers: parts.headers.clone(), body };
        let mut running = self.stage.log.begin(seen);
        let checked = read.and_then(|json| {
            credentials::check(self.wire, &parts.headers)?;
            self.check(&name, &parts.headers, &json)
        });
        let (model, asked) = match checked {
            Ok(checked) => checked,
            Err(problem) => return self.refuse(&problem, Some(running)),
        };
        sleep(model.delay.unwrap_or_else(|| self.stage.config.delay_of(model.plain))).await;
        let fault = self.stage.next_fault(&name, &model, asked.streamed.is_some());
        match fault {
            None | Some(FaultKind::SlowFirst(_)) => running.ends_as(Outcome::Answered),
            Some(FaultKind::Slow(delay)) => {
                sleep(delay).await;
                running.ends_as(Outcome::Answered);
            }
            Some(fault) => running.ends_as(Outcome::Played(fault)),
        }
        self.reply(fault, &model, &asked, running)
    }

    fn check<'n>(&self, name: &'n str, headers: &HeaderMap, json: &Value) -> Result<(ModelName<'n>, Asked), Problem> {
        let root = crate::field::Field::root(json);
        root.need("model")?.str()?;
        let model = ModelName::parse(name).map_err(Problem::BadSuffix)?;
        if !is_plausible(self.wire, model.plain) {
            return Err(Problem::UnknownModel { model: name.to_owned() });
        }
        let refuses = self.stage.refuses(self.wire, &model);
        let asked = match self.wire {
            Wire::Anthropic => {
                let version = headers.get("anthropic-version").and_then(|version| version.to_str().ok());
                anthropic_request::read(version, &refuses, json)?
            }
            wire => openai_request::read(wire, &refuses, json)?,
        };
        Ok((model, asked))
    }

    /// An error the request earned itself.
    fn refuse(&self, problem: &Problem, running: Option<Running>) -> Reply {
        let request_id = self.request_id();
        let error = wire_error(self.wire, problem, &request_id);
        let running = running.map(|mut running| {
            running.ends_as(Outcome::Refused { status: error.status });
            running
        });
        Reply::Http(reply::error(self.wire, &error, &request_id, running))
    }

    pub(crate) fn answer_id(&self) -> String {
        match self.wire {
            Wire::OpenAi => format!("chatcmpl-sim{:08}", self.number),
            Wire::Anthropic => format!("msg_sim{:08}", self.number),
            Wire::OpenRouter => format!("gen-sim{:08}", self.number),
        }
    }

    /// OpenRouter knows a request by the answer's id, the others by one of its own.
    pub(crate) fn request_id(&self) -> String {
        match self.wire {
            Wire::OpenRouter => self.answer_id(),
            _ => format!("req_sim{:08}", self.number),
        }
    }
}

fn read_json(headers: &HeaderMap, body: &Bytes) -> Result<Value, Problem> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(Problem::Unreadable(format!("Content-Type must be application/json, not '{content_type}'.")));
    }
    serde_json::from_slice(body).map_err(|error| Problem::Unreadable(format!("The body is not valid JSON: {error}")))
}

/// Names that cannot exist on a wire: a router that sends them has mixed up its providers.
fn is_plausible(wire: Wire, model: &str) -> bool {
    match wire {
        Wire::OpenAi => !model.is_empty(),
        Wire::Anthropic => model.starts_with("claude"),
        Wire::OpenRouter => model.contains('/'),
    }
}
