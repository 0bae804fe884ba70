//! What is replied to a good request: its answer, or what a fault leaves of it.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::asked::{Asked, Streamed};
use crate::attempt::Running;
use crate::fault::FaultKind;
use crate::model_name::ModelName;
use crate::problem::{How, Problem, Wrong};
use crate::reply::{self, Reply};
use crate::service::Asking;
use crate::stream::{Stream, Told};
use crate::wire::Wire;
use crate::wire_error::wire_error;
use crate::{anthropic_answer, openai_answer};

/// The context window that `context` claims, in tokens.
const CONTEXT_WINDOW: u64 = 8192;

impl Asking<'_> {
    /// The reply that a fault leaves of an answer.
    pub(crate) fn reply(
        &self,
        fault: Option<FaultKind>,
        model: &ModelName<'_>,
        asked: &Asked,
        mut running: Running,
    ) -> Reply {
        match fault {
            Some(FaultKind::Reset) => {
                running.complete();
                return Reply::Reset;
            }
            Some(FaultKind::Silent) => {
                running.complete();
                return Reply::Silence(running);
            }
            Some(FaultKind::Garbage) => return self.page("application/json", "{\"id\": \"simul", running),
            Some(FaultKind::Html) => {
                let page = "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>";
                return self.page("text/html; charset=utf-8", page, running);
            }
            _ => {}
        }
        if let Some(problem) = fault.and_then(|fault| problem_of(fault, model, asked)) {
            return self.fail(&problem, fault == Some(FaultKind::ErrorIn200), running);
        }
        let request_id = self.request_id();
        if let Some(streamed) = asked.streamed {
            let pace = model.pace.unwrap_or(self.stage.config.pace);
            let stream = Stream::new(self.told(fault, model, asked, streamed), pace, fault);
            return Reply::Http(reply::stream(self.wire, &request_id, stream, running));
        }
        let body = self.body(model, asked, &self.write(fault, model, asked));
        Reply::Http(match fault {
            Some(FaultKind::CutBody) => reply::cut(self.wire, &request_id, &body, running),
            _ => reply::json(self.wire, 200, &request_id, &body, Some(running)),
        })
    }

    /// An error that the request did not earn.
    fn fail(&self, problem: &Problem, as_success: bool, running: Running) -> Reply {
        let request_id = self.request_id();
        let mut error = wire_error(self.wire, problem, &request_id);
        if as_success {
            error.status = 200;
            error.headers.clear();
        }
        Reply::Http(reply::error(self.wire, &error, &request_id, Some(running)))
    }

    /// A success that is no answer.
    fn page(&self, content_type: &'static str, body: &'static str, running: Running) -> Reply {
        let body = Bytes::from_static(body.as_bytes());
        Reply::Http(reply::bytes(self.wire, 200, &self.request_id(), content_type, body, Some(running)))
    }

    fn write(&self, fault: Option<FaultKind>, model: &ModelName<'_>, asked: &Asked) -> Answer {
        if fault == Some(FaultKind::Refusal) {
            return answer::refusal(model, asked);
        }
        answer::answer(self.wire, model, model.tokens.or(self.stage.config.tokens), asked)
    }

    /// A stream before its first event.
    fn told(&self, fault: Option<FaultKind>, model: &ModelName<'_>, asked: &Asked, streamed: Streamed) -> Told {
        Told {
            wire: self.wire,
            model: model.plain.to_owned(),
            id: self.answer_id(),
            created: Timestamp::now().as_second(),
            choices: asked.choices,
            streamed,
            answer: self.write(fault, model, asked),
            error: wire_error(self.wire, &Problem::Overloaded, &self.request_id()).body,
            open: None,
            index: 0,
            begun: false,
            finished: false,
            told: 0,
        }
    }

    /// An answer in this wire's shape.
    fn body(&self, model: &ModelName<'_>, asked: &Asked, answer: &Answer) -> Value {
        let id = self.answer_id();
        match self.wire {
            Wire::Anthropic => anthropic_answer::body(model.plain, &id, answer),
            wire => {
                let created = Timestamp::now().as_second();
                openai_answer::body(wire, model.plain, &id, created, asked.choices, answer)
            }
        }
    }
}

/// The error that a fault answers with; `None` for those that are none.
fn problem_of(fault: FaultKind, model: &ModelName<'_>, asked: &Asked) -> Option<Problem> {
    Some(match fault {
        FaultKind::RateLimited { retry_after } => Problem::RateLimited { retry_after },
        FaultKind::BadRequest => wrong("messages", How::Value("the conversation makes no sense".to_owned())),
        FaultKind::Unsupported => wrong("temperature", How::Unsupported { instead: None }),
        FaultKind::TooLarge => Problem::TooLarge,
        FaultKind::RequestTimeout => Problem::RequestTimeout,
        FaultKind::ServerError => Problem::ServerError,
        FaultKind::BadGateway => Problem::BadGateway,
        FaultKind::Unavailable => Problem::Unavailable,
        FaultKind::GatewayTimeout => Problem::GatewayTimeout,
        FaultKind::Overloaded | FaultKind::ErrorIn200 => Problem::Overloaded,
        FaultKind::BadKey => Problem::BadKey { key: "sk-***".to_owned() },
        FaultKind::Forbidden => Problem::Forbidden,
        FaultKind::NotFound => Problem::UnknownModel { model: model.plain.to_owned() },
        FaultKind::OutOfQuota => Problem::OutOfQuota,
        FaultKind::ContextTooLong => {
            Problem::ContextTooLong { tokens: CONTEXT_WINDOW + asked.prompt_tokens, most: CONTEXT_WINDOW }
        }
        FaultKind::ContentPolicy => Problem::ContentPolicy,
        _ => return None,
    })
}

fn wrong(path: &str, how: How) -> Problem {
    Problem::Field(Wrong { path: path.to_owned(), how })
}
