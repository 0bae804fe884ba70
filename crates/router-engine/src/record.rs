//! Stages 4 and 7: exactly one record for each admitted request, whatever happened.

use std::sync::Arc;
use std::time::Duration;

use router_cache::quota::{RateClaim, SlotClaim, Used};
use router_core::attempt::{Attempt, AttemptOutcome};
use router_core::conversation::{Content, Conversation};
use router_core::decision::Decision;
use router_core::error_kind::ErrorKind;
use router_core::model::Model;
use router_core::moment::Moment;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_core::usd::Usd;
use router_store::record::{Intent, RequestRecord, RequestStatus};

use crate::ask::Ask;
use crate::error::RouteError;
use crate::explain;
use crate::kept_text::{TextKey, kept};
use crate::metrics;
use crate::permit::Permit;
use crate::routed::Reply;
use crate::settings::OnRecordLoss;
use crate::snapshot::Snapshot;
use crate::surroundings::Surroundings;
use router_core::grants::KeepText;

/// The record of a request that is under way. Whoever drops it unfinished (the caller went away, a bug) writes it as cancelled.
pub(crate) struct OpenRecord {
    around: Arc<Surroundings>,
    arrived: Moment,
    record: RequestRecord,
    asking: Option<Attempt>,
    /// What the attempt under way may cost.
    assumed: Usd,
    /// What the request holds of its caller's allowances, until it is closed.
    permit: Option<Permit>,
    /// What digests of texts are made with.
    text_key: Option<TextKey>,
    closed: bool,
}

/// How a request came in.
pub(crate) struct Entry {
    pub(crate) arrived: Moment,
    pub(crate) streamed: bool,
    pub(crate) permit: Permit,
}

impl OpenRecord {
    /// Opens the record of an admitted request.
    pub(crate) fn open(
        around: Arc<Surroundings>,
        snapshot: &Snapshot,
        ask: &Ask,
        principal: &Principal,
        decision: &Decision,
        entry: Entry,
    ) -> Self {
        let Entry { arrived, streamed, permit } = entry;
        let text_key = snapshot.settings.text_key.as_ref();
        let keep_text = principal.grants.keep_text.unwrap_or(snapshot.settings.keep_text);
        let record = RequestRecord {
            id: ask.id,
            tenant: principal.tenant.clone(),
            key: principal.key.clone(),
            user: principal.user.clone(),
            tags: principal.grants.tags.clone(),
            wanted_model: ask.preferences.model.clone(),
            streamed,
            status: RequestStatus::Cancelled,
            error_kind: None,
            prompt_type: decision.prompt_type,
            difficulty: decision.difficulty,
            model_id: None,
            provider: None,
            upstream_model: None,
            upstream_id: None,
            finish: None,
            dropped: Vec::new(),
            catalogue: snapshot.registry.generation(),
            attempts: Vec::new(),
            usage: None,
            cost: Cost::ZERO,
            charged: Usd::ZERO,
            latency: Duration::ZERO,
            cached: false,
            simulated: snapshot.simulated,
            decision: explain::brief(decision),
            metadata: ask.metadata.clone(),
            keep_text,
            prompt: wanted(keep_text).and_then(|how| kept(how, text_key, transcript(&ask.conversation))),
            response: None,
        };
        Self {
            around,
            arrived,
            record,
            asking: None,
            assumed: Usd::ZERO,
            permit: Some(permit),
            text_key: text_key.cloned(),
            closed: false,
        }
    }

    /// The decision, as JSON, as it is recorded.
    pub(crate) fn decision(&self) -> &RawJson {
        &self.record.decision
    }

    /// Everyone that was asked so far.
    pub(crate) fn attempts(&self) -> &[Attempt] {
        &self.record.attempts
    }

    /// What all attempts together cost so far.
    pub(crate) fn cost(&self) -> Cost {
        self.record.cost
    }

    /// Writes the intent: from here on a killed process leaves a trace of this request.
    pub(crate) fn intend(&self, first: &Model, reserved: Usd, on_loss: OnRecordLoss) -> Result<(), RouteError> {
        let intent = Intent {
            id: self.record.id,
            tenant: self.record.tenant.clone(),
            key: self.record.key.clone(),
            user: self.record.user.clone(),
            model_id: first.id.clone(),
            provider: first.provider.clone(),
            prompt_type: self.record.prompt_type,
            difficulty: self.record.difficulty,
            reserved,
            simulated: self.record.simulated,
        };
        let Err(error) = self.around.recorder.intend(&intent) else { return Ok(()) };
        metrics::record_lost("intent");
        tracing::error!(request_id = %intent.id, %error, ?on_loss, "the intent of a request could not be journaled");
        match on_loss {
            OnRecordLoss::Refuse => Err(RouteError::RecordsUnavailable),
            OnRecordLoss::Serve => Ok(()),
        }
    }

    /// Notes that a model is being asked, in case nobody lives to see the answer.
    ///
    /// `assumed` is what the attempt is charged with if nobody learns what it cost.
    pub(crate) fn asking(&mut self, model: &Model, started: Duration, assumed: Usd) {
        self.assumed = assumed;
        self.asking = Some(Attempt {
            model_id: model.id.clone(),
            provider: model.provider.clone(),
            started,
            first_token: None,
            duration: Duration::ZERO,
            outcome: AttemptOutcome::Failed { kind: ErrorKind::Cancelled, upstream_status: None },
            contributed: false,
            usage: None,
            // The provider may have billed what it had done by then.
            cost: Some(Cost::Unpriced),
        });
    }

    /// Notes what the model that is being asked has consumed by now, in case the caller leaves.
    pub(crate) fn consumed_so_far(&mut self, usage: Usage, cost: Cost, contributed: bool) {
        if let Some(attempt) = &mut self.asking {
            attempt.usage = Some(usage);
            attempt.cost = Some(cost);
            attempt.contributed = contributed;
        }
    }

    /// Notes an attempt that has ended.
    pub(crate) fn asked(&mut self, attempt: Attempt) {
        self.asking = None;
        let record = &mut self.record;
        record.model_id = Some(attempt.model_id.clone());
        record.provider = Some(attempt.provider.clone());
        if let Some(usage) = attempt.usage {
            record.usage = Some(record.usage.map_or(usage, |sum| sum + usage));
            metrics::consumed(&attempt.provider, &attempt.model_id, &usage);
        }
        if let Some(cost) = attempt.cost {
            record.cost = record.cost + cost;
            record.charged += cost.usd().unwrap_or(self.assumed);
            metrics::spent(&attempt.provider, &attempt.model_id, cost);
        }
        record.attempts.push(attempt);
    }

    /// Closes the record of a request that got its answer.
    pub(crate) fn succeeded(mut self, reply: &Reply, cached: bool) -> Duration {
        self.record.model_id = Some(reply.model_id.clone());
        self.record.provider = Some(reply.provider.clone());
        self.record.cached = cached;
        self.record.simulated = reply.simulated;
        self.record.finish = Some(reply.finish);
        self.record.dropped.clone_from(&reply.dropped);
        self.record.upstream_id.clone_from(&reply.upstream_id);
        self.record.upstream_model.clone_from(&reply.upstream_model);
        self.record.response =
            wanted(self.record.keep_text).and_then(|how| kept(how, self.text_key.as_ref(), reply.text()));
        self.close(RequestStatus::Succeeded, None)
    }

    /// Closes the record of a request that got an error.
    pub(crate) fn failed(mut self, kind: Option<ErrorKind>) -> Duration {
        self.close(RequestStatus::Failed, kind)
    }

    /// Writes nothing: the journal has refused the request before anybody was asked.
    pub(crate) fn forget(mut self) {
        self.closed = true;
    }

    /// Makes sure that the caller's budgets allow another attempt which may cost that much.
    pub(crate) async fn afford(&mut self, assumed: Usd) -> bool {
        match &mut self.permit {
            Some(permit) => permit.afford(self.record.charged + assumed).await,
            None => true,
        }
    }

    /// Takes what the limits of a further model ask for.
    pub(crate) async fn enter(&mut self, rates: Vec<RateClaim>, slots: Vec<SlotClaim>) -> bool {
        match &mut self.permit {
            Some(permit) => permit.enter(rates, slots).await,
            None => true,
        }
    }

    /// What the request has used, as far as is known.
    fn used(&self) -> Used {
        let unknown = self.record.usage.is_none() && self.record.attempts.iter().any(|attempt| attempt.cost.is_some());
        let tokens = self.record.usage.map_or(0, |usage| usage.total().0);
        Used { tokens: (!unknown).then_some(tokens), cost: self.record.charged }
    }

    fn close(&mut self, status: RequestStatus, kind: Option<ErrorKind>) -> Duration {
        self.closed = true;
        self.record.status = status;
        self.record.error_kind = kind;
        self.record.latency = self.around.now().since(self.arrived);
        if let Err(error) = self.around.recorder.conclude(&self.record) {
            metrics::record_lost("outcome");
            tracing::error!(request_id = %self.record.id, %error, "the outcome of a request could not be journaled");
        }
        if let Some(permit) = self.permit.take() {
            permit.settle(self.used());
        }
        metrics::request(&self.record);
        self.record.latency
    }
}

impl Drop for OpenRecord {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        if let Some(mut attempt) = self.asking.take() {
            attempt.duration = self.around.now().since(self.arrived).saturating_sub(attempt.started);
            self.asked(attempt);
        }
        if std::thread::panicking() {
            // A bug of ours, not the caller's leaving.
            tracing::error!(request_id = %self.record.id, "a request ended in a panic");
            self.close(RequestStatus::Failed, None);
        } else {
            self.close(RequestStatus::Cancelled, Some(ErrorKind::Cancelled));
        }
    }
}

/// How texts are kept, if they are: what is not kept is not even written together.
fn wanted(how: KeepText) -> Option<KeepText> {
    (how != KeepText::None).then_some(how)
}

/// The conversation as text: what a person (or a judge) who reads the record sees.
fn transcript(conversation: &Conversation) -> String {
    let mut text = String::new();
    for message in &conversation.messages {
        for part in &message.parts {
            if let Content::Text(words) = &part.content {
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                if conversation.messages.len() > 1 {
                    text.push_str(match message.role {
                        router_core::conversation::Role::System => "System: ",
                        router_core::conversation::Role::User => "User: ",
                        router_core::conversation::Role::Assistant => "Assistant: ",
                        router_core::conversation::Role::Tool => "Tool: ",
                    });
                }
                text.push_str(words);
            }
        }
    }
    text
}
