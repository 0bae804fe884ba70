//! Stage 5 for streams: the plan becomes attempts, until one model has answered to its end. Up to the first delta another
//! model takes over unseen; after it, only one that can go on where the other stopped.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use router_cache::quota::Left;
use router_core::capability::Capability;
use router_core::id::ModelId;
use router_core::model::Model;
use router_core::usage::Usage;
use router_providers::answer::{AnswerStream, CallError, Events};
use router_providers::call::Begun;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::assembly::Assembly;
use crate::dispatch::{not_configured, too_late};
use crate::error::RouteError;
use crate::job::{How, Job};
use crate::metrics::{self, InFlight};
use crate::recall::Memory;
use crate::record::OpenRecord;
use crate::resume::{self, Way};
use crate::routed::{Reply, Routed, Speaker, StreamEvent};
use crate::settings::Resume;
use crate::tried::Tried;
use crate::usage;
use crate::voice::Voice;
use crate::walk::Walk;

/// What a stream that has not begun yet needs, to run by itself.
pub(crate) struct Opened {
    pub(crate) job: Job,
    pub(crate) record: OpenRecord,
    /// Where the answer is to be remembered, if it is.
    pub(crate) memory: Option<Memory>,
    pub(crate) allowance: Left,
    pub(crate) in_flight: InFlight,
}

/// A stream under way. Dropped, it gives the upstream request up, and its record says what it had cost by then.
pub(crate) struct StreamRun {
    job: Job,
    walk: Walk,
    /// Until it is closed.
    record: Option<OpenRecord>,
    memory: Option<Memory>,
    allowance: Left,
    /// What the caller has been told, by all models together.
    said: Assembly,
    /// Who said the last of it.
    speaker: Option<Speaker>,
    /// Who turned out not to continue an answer that somebody else began.
    no_prefill: Vec<ModelId>,
    /// What those consumed who said part of it and did not finish.
    spent_before: Option<Usage>,
    state: State,
    queue: VecDeque<StreamEvent>,
    _in_flight: InFlight,
}

enum State {
    /// Somebody is to be asked.
    Choosing,
    /// Somebody answers.
    Listening(Box<Listening>),
    Over,
}

/// A model that answers.
struct Listening {
    tried: Tried,
    stream: AnswerStream,
    voice: Voice,
    /// Until when the answer is waited for: one timer, not one for each event.
    patience: Pin<Box<Sleep>>,
}

impl StreamRun {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened { job, record, memory, allowance, in_flight } = opened;
        Self {
            walk: Walk::new(&job.settings().failover),
            job,
            record: Some(record),
            memory,
            allowance,
            said: Assembly::default(),
            speaker: None,
            no_prefill: Vec::new(),
            spent_before: None,
            state: State::Choosing,
            queue: VecDeque::new(),
            _in_flight: in_flight,
        }
    }

    /// The next event; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Result<StreamEvent, RouteError>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(Ok(event));
            }
            let step = match &mut self.state {
                State::Over => return None,
                State::Choosing => self.ask_next().await,
                State::Listening(_) => self.listen().await,
            };
            if let Err(error) = step {
                self.state = State::Over;
                return Some(Err(error));
            }
        }
    }

    const fn committed(&self) -> bool {
        self.speaker.is_some()
    }

    /// Asks the next model that can take the request as it now stands.
    async fn ask_next(&mut self) -> Result<(), RouteError> {
        let committed = self.committed();
        let resume = self.job.settings().failover.resume;
        let said = self.said.text();
        let way = |model: &Model| {
            let prefills = model.capabilities.has(Capability::Prefill) && !self.no_prefill.contains(&model.id);
            resume::way(resume, prefills, &said)
        };
        let fits = |model: &Model| !committed || way(model).is_some();
        let Some(turn) = self.walk.next(&self.job.decision, fits) else { return Err(self.fail()) };
        turn.wait().await;
        let Some(candidate) = self.job.candidate(turn.index) else { return Ok(()) };
        let model = Arc::clone(&candidate.model);
        let Some(record) = &mut self.record else { return Ok(()) };
        if !self.job.allows(&model, record).await {
            self.walk.refused();
            return Ok(());
        }
        let Some(mut tried) = Tried::begin(&self.job, candidate, record) else {
            self.walk.refused();
            return Ok(());
        };
        if self.walk.asking(&model) {
            self.job.around.observer.first_try(&model, self.job.settings().failover.retry_share);
        }
        let way = if committed { way(&model) } else { None };
        match open(&self.job, &tried, way.as_ref()).await {
            Ok(stream) => {
                let voice = Voice::new(way.map(Way::into_joint));
                let patience = Box::pin(sleep(self.job.time_left_streamed(committed)));
                self.state = State::Listening(Box::new(Listening { tried, stream, voice, patience }));
            }
            Err(error) => {
                let attempt = tried.failed(&self.job, &error, None, false, record);
                let refused = way.as_ref().is_some_and(|way| way.is_refused(&error));
                if refused {
                    self.no_prefill.push(model.id.clone());
                }
                self.after(&tried, error, refused && resume == Resume::Splice);
                self.queue.push_back(StreamEvent::Failed(attempt));
            }
        }
        Ok(())
    }

    /// Takes what the model says next.
    async fn listen(&mut self) -> Result<(), RouteError> {
        let State::Listening(listening) = &mut self.state else { return Ok(()) };
        let heard = poll_fn(|cx| match listening.stream.events.as_mut().poll_next(cx) {
            Poll::Pending => listening.patience.as_mut().poll(cx).map(|()| Some(Err(too_late()))),
            heard => heard,
        });
        let heard = heard.await;
        let (events, over) = match heard {
            Some(Ok(events)) => (listening.voice.hear(events), false),
            Some(Err(error)) => (Err(error), false),
            None => (listening.voice.end(), true),
        };
        match events {
            Ok(events) => self.pass_on(events, over),
            Err(error) => return self.cut(error),
        }
        if over { self.finish().await } else { Ok(()) }
    }

    /// Hands out what was said, and before the first of it, who speaks.
    fn pass_on(&mut self, events: Events, over: bool) {
        let State::Listening(listening) = &mut self.state else { return };
        if !listening.voice.introduced {
            // An answer of nothing is an answer, too, once it is over.
            if events.is_empty() && !over {
                return;
            }
            listening.voice.introduced = true;
            listening.tried.spoke(&self.job);
            listening.patience.as_mut().reset(Instant::now() + self.job.time_left_streamed(true));
            let continues = self.speaker.is_some();
            let speaker = introduce(listening, continues);
            if let Some(before) = &self.speaker {
                metrics::resumed(&before.model_id, &speaker.model_id);
            }
            self.queue.push_back(StreamEvent::Speaking(Box::new(speaker.clone())));
            self.speaker = Some(speaker);
        }
        events.iter().for_each(|event| self.said.add(event));
        if !events.is_empty() {
            self.queue.push_back(StreamEvent::Said(events));
        }
    }

    /// The model has come to its end: the answer is whole.
    async fn finish(&mut self) -> Result<(), RouteError> {
        let State::Listening(listening) = std::mem::replace(&mut self.state, State::Over) else { return Ok(()) };
        let (Some(mut record), Some(finish)) = (self.record.take(), listening.voice.finish()) else { return Ok(()) };
        let used = usage::of(listening.voice.reported(), listening.voice.heard(self.said.parts()), &self.job.decision);
        listening.tried.succeeded(&self.job, used, &mut record);
        let Some(speaker) = self.speaker.take() else { return Ok(()) };
        let reply = Reply {
            model_id: speaker.model_id,
            provider: speaker.provider,
            upstream_model: speaker.upstream_model,
            upstream_id: speaker.upstream_id,
            parts: std::mem::take(&mut self.said).into_parts(),
            finish,
            usage: self.spent_before.map_or(used, |before| before + used),
            simulated: self.job.current.snapshot.simulated,
            dropped: speaker.dropped,
            changed: speaker.changed,
            original: None,
            decision: record.decision().clone(),
        };
        if let Some(memory) = self.memory.take() {
            memory.keep(&reply).await;
        }
        let (attempts, cost) = (record.attempts().to_vec(), record.cost());
        let latency = record.succeeded(&reply, false);
        let allowance = Some(self.allowance);
        let routed = Routed { id: self.job.ask.id, reply, cost, latency, cached: false, attempts, allowance };
        self.queue.push_back(StreamEvent::Done(Box::new(routed)));
        Ok(())
    }

    /// The answer stopped before its end.
    fn cut(&mut self, error: CallError) -> Result<(), RouteError> {
        let State::Listening(mut listening) = std::mem::replace(&mut self.state, State::Choosing) else {
            return Ok(());
        };
        let contributed = listening.voice.introduced;
        let produced = self.produced(&listening);
        if let Some(used) = produced.filter(|_| contributed) {
            self.spent_before = Some(self.spent_before.map_or(used, |before| before + used));
        }
        let Some(record) = &mut self.record else { return Ok(()) };
        let attempt = listening.tried.failed(&self.job, &error, produced, contributed, record);
        self.after(&listening.tried, error, false);
        self.queue.push_back(StreamEvent::Failed(attempt));
        // Whoever was told why the answer ended is not told more of it.
        let ended = listening.voice.finish().is_some();
        if contributed && (ended || !resume::possible(&self.said, &self.job.ask.conversation)) {
            self.walk.give_up();
        }
        Ok(())
    }

    /// What the model has consumed by now, as far as can be told; `None` if it has not said anything.
    fn produced(&self, listening: &Listening) -> Option<Usage> {
        let voice = &listening.voice;
        let heard = voice.heard(self.said.parts());
        let any = voice.introduced || voice.reported().is_some() || !heard.is_empty();
        any.then(|| usage::of_part(voice.reported(), heard, &self.job.decision))
    }

    /// What follows from a failed attempt. `otherwise` if the same model can be asked in another way.
    fn after(&mut self, tried: &Tried, error: CallError, otherwise: bool) {
        let committed = self.committed();
        let how = How { time_left: self.job.time_left_streamed(committed), committed, otherwise };
        self.job.failed(&mut self.walk, tried, error, how);
    }

    /// Nobody is left to ask.
    fn fail(&mut self) -> RouteError {
        let failures = std::mem::take(&mut self.walk.failures);
        let Some(record) = self.record.take() else { return RouteError::RecordsUnavailable };
        let attempts = record.attempts().to_vec();
        record.failed(Some(failures.kind()));
        failures.into_error(attempts)
    }
}

impl Drop for StreamRun {
    fn drop(&mut self) {
        let State::Listening(listening) = &self.state else { return };
        // The caller has left in the middle.
        let produced = self.produced(listening);
        if let (Some(record), Some(used)) = (&mut self.record, produced) {
            record.consumed_so_far(used, self.job.cost(listening.tried.model(), &used), listening.voice.introduced);
        }
    }
}

fn introduce(listening: &mut Listening, continues: bool) -> Speaker {
    let (upstream_id, upstream_model) = listening.voice.take_names();
    let model = listening.tried.model();
    Speaker {
        model_id: model.id.clone(),
        provider: model.provider.clone(),
        upstream_model,
        upstream_id,
        dropped: std::mem::take(&mut listening.stream.dropped),
        changed: std::mem::take(&mut listening.stream.changed),
        original: listening.stream.original && !continues,
        continues,
    }
}

async fn open(job: &Job, tried: &Tried, way: Option<&Way>) -> Result<AnswerStream, CallError> {
    let model = tried.model();
    let Some(provider) = job.current.snapshot.provider(&model.provider) else {
        return Err(not_configured());
    };
    let begun = way.and_then(Way::begun).map(|text| Begun { text, tokens: usage::text_length(text) });
    let call = job.call(model).continuing(begun);
    timeout(job.time_left_streamed(way.is_some()), provider.stream(call)).await.unwrap_or_else(|_| Err(too_late()))
}
