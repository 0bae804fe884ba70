//! `GET /api/requests/stream`: the records of requests as they come.
//!
//! Read from the database, so that it shows what every replica answered: the newest page, once a second, without what was in
//! the page before. One that is open for long ends and is opened anew by its client, with credentials that still count.

use std::collections::HashSet;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use router_core::id::RequestId;
use router_store::page::PageRequest;
use router_store::record::{RequestFilter, RequestRecord};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::requests::{FILTERS, MODEL_ID, RequestSummary, filter};
use crate::app::App;
use crate::error::ApiError;
use crate::response::{Reply, ReplyBody};
use crate::route::{Answer, Asked, Content, Operation, Parameter, schema};
use crate::sse::X_ACCEL_BUFFERING;
use crate::store_deadline::within_deadline;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many records a look shows at most.
const MOST: u32 = 100;

/// How long one stream goes on: the longest that somebody sees records whose key was taken back.
const LASTS: Duration = Duration::from_secs(5 * 60);

/// What clients ignore, and what keeps them and proxies from giving up.
const COMMENT: &[u8] = b": waiting\n\n";

/// When a client comes back after the end.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// The `data` of each event, by its name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LiveEvents {
    /// A request was recorded.
    request: RequestSummary,
    /// More were recorded since the last look than one look shows: some are missing here, and none in `GET /api/requests`.
    gap: Gap,
}

/// Nothing is known of what is missing.
#[derive(Debug, Serialize, JsonSchema)]
struct Gap {}

const RECENT: Parameter = Parameter {
    name: "recent",
    schema: |_| json_schema!({"type": "integer", "minimum": 0, "maximum": 100, "default": 0}),
    description: "So many of the newest that are there already come first.",
};

pub(crate) const STREAM: Operation = Operation {
    id: "streamRequests",
    summary: "The records of requests as they come",
    description: "Server-sent events. Of the caller's tenant; of all for an administrator. From the database, about a second after \
                  the answer, whichever replica gave it; at most 100 a second. A stream ends after five minutes: an EventSource \
                  opens it anew by itself.",
    query: &[MODEL_ID, FILTERS[0], FILTERS[1], RECENT],
    body: None,
    answer: Answer {
        status: 200,
        description: "Events, oldest first.",
        content: Content::Events(schema::<LiveEvents>),
    },
    errors: &[503],
};

pub(crate) async fn stream(asked: Asked) -> Result<Reply, ApiError> {
    let filter = filter(&asked)?;
    let recent: usize = asked.query.parsed("recent", "a whole number from 0 to 100")?.unwrap_or(0);
    if recent > MOST as usize {
        return Err(ApiError::invalid("recent", "must be from 0 to 100"));
    }
    let place = asked.app.watchers.place().ok_or(ApiError::WatchersFull)?;
    let page = newest(&asked.app, &filter).await?;
    let mut first = BytesMut::from(RETRY);
    for record in page.iter().take(recent).rev() {
        write(record.clone(), &mut first)?;
    }
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let watch = Watch {
        stopping: asked.app.watchers.stopping(),
        shown: ids(&page),
        filter,
        ticks,
        ends: Instant::now() + LASTS,
        keep_alive: asked.silence.keep_alive,
        last: Instant::now(),
        app: asked.app,
        _place: place,
    };
    let later = stream::unfold(watch, Watch::next);
    let events = stream::StreamExt::chain(stream::iter([first.freeze()]), later);
    let mut response = Response::new(ReplyBody::Events(Box::pin(events) as Events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// A body of events.
pub(crate) type Events = std::pin::Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// One who watches.
struct Watch {
    app: std::sync::Arc<App>,
    filter: RequestFilter,
    /// What was in the page before.
    shown: HashSet<RequestId>,
    ticks: tokio::time::Interval,
    ends: Instant,
    keep_alive: Duration,
    /// When something was last said.
    last: Instant,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// The next events; `None` at the end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|&stopping| stopping) => return None,
                () = sleep_until(self.ends) => return None,
                _ = self.ticks.tick() => {}
            }
            let mut out = BytesMut::new();
            // A database that is away is no end: what it holds is shown once it is back.
            if let Ok(page) = newest(&self.app, &self.filter).await {
                self.show(page, &mut out);
            }
            if out.is_empty() && self.last.elapsed() >= self.keep_alive {
                out.extend_from_slice(COMMENT);
            }
            if !out.is_empty() {
                self.last = Instant::now();
                return Some((out.freeze(), self));
            }
        }
    }

    fn show(&mut self, page: Vec<RequestRecord>, out: &mut BytesMut) {
        let ids = ids(&page);
        if page.len() == MOST as usize && !self.shown.is_empty() && self.shown.is_disjoint(&ids) {
            out.extend_from_slice(b"event: gap\ndata: {}\n\n");
        }
        for record in page.into_iter().rev().filter(|record| !self.shown.contains(&record.id)) {
            // Of one that cannot be written nothing is.
            let _ = write(record, out);
        }
        self.shown = ids;
    }
}

async fn newest(app: &App, filter: &RequestFilter) -> Result<Vec<RequestRecord>, ApiError> {
    let page = PageRequest { limit: MOST, before: None };
    Ok(within_deadline("watch requests", app.parts.requests.list(filter, page)).await?.items)
}

fn ids(page: &[RequestRecord]) -> HashSet<RequestId> {
    page.iter().map(|record| record.id).collect()
}

fn write(record: RequestRecord, out: &mut BytesMut) -> Result<(), ApiError> {
    let id = record.id;
    let data = serde_json::to_vec(&RequestSummary::from(record)).map_err(ApiError::Unwritable)?;
    out.extend_from_slice(format!("event: request\nid: {id}\ndata: ").as_bytes());
    out.put_slice(&data);
    out.put_slice(b"\n\n");
    Ok(())
}
