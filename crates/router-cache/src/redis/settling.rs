//! Settlements on their way to Redis: in order, in the background, so that nobody waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::connection::RedisConnection;
use super::script;

/// So many wait at most. At 1,000 requests a second that is ten seconds of them.
const QUEUE: usize = 10_000;

/// So many are sent without waiting for each other's answers.
const TOGETHER: usize = 64;

/// The way there.
#[derive(Debug)]
pub(super) struct Settling {
    queue: mpsc::Sender<Order>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Order {
    Settle {
        keys: Vec<String>,
        argument: String,
    },
    /// Tells when everything before it is done.
    Tell(oneshot::Sender<()>),
}

impl Settling {
    pub(super) fn start(redis: RedisConnection) -> Self {
        let (queue, orders) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        tokio::spawn(run(redis, orders, Arc::clone(&lost)));
        Self { queue, lost }
    }

    pub(super) fn send(&self, keys: Vec<String>, argument: String) {
        if self.queue.try_send(Order::Settle { keys, argument }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) async fn drained(&self) {
        let (told, tell) = oneshot::channel();
        if self.queue.send(Order::Tell(told)).await.is_ok() {
            // The task lives as long as the queue.
            let _ = tell.await;
        }
    }
}

async fn run(redis: RedisConnection, mut orders: mpsc::Receiver<Order>, lost: Arc<AtomicU64>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while orders.recv_many(&mut batch, TOGETHER).await > 0 {
        let mut tell = Vec::new();
        let sent = batch.drain(..).filter_map(|order| match order {
            Order::Settle { keys, argument } => Some(redis.run::<i64>(&script::SETTLE, keys, vec![argument])),
            Order::Tell(told) => {
                tell.push(told);
                None
            }
        });
        // Put on the wire in this order, as one connection keeps it.
        let sent: Vec<_> = sent.collect();
        let failed = futures_util::future::join_all(sent).await.iter().filter(|answer| answer.is_err()).count();
        lost.fetch_add(failed as u64, Ordering::Relaxed);
        for told in tell {
            // Whoever wanted to know may be gone.
            let _ = told.send(());
        }
    }
}
