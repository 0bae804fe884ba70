//! What all connections of a simulator share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::attempt::AttemptLog;
use crate::config::SimulatorConfig;
use crate::fault::{Fault, FaultKind, Times};
use crate::model_name::ModelName;
use crate::refuses::{self, Refuses};
use crate::wire::Wire;

/// How many model names are counted for faults that pass. Names come from callers; past this many, those faults
/// always hit.
const MOST_NAMES: usize = 10_000;

/// Configuration, counts and log.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) config: SimulatorConfig,
    pub(crate) log: Arc<AttemptLog>,
    scripts: Mutex<Scripts>,
    requests: AtomicU64,
}

/// The faults set by name, and what was played of each name's fault.
#[derive(Debug)]
struct Scripts {
    set: HashMap<String, Option<Fault>>,
    played: HashMap<String, Played>,
}

/// How often a fault was played, and since when.
#[derive(Debug)]
struct Played {
    times: u32,
    since: Instant,
}

impl Stage {
    pub(crate) fn new(config: SimulatorConfig) -> Self {
        let set = config.faults.iter().map(|(name, fault)| (name.clone(), Some(*fault))).collect();
        Self {
            log: Arc::new(AttemptLog::new(config.remembered_attempts, config.remembered_bytes)),
            scripts: Mutex::new(Scripts { set, played: HashMap::new() }),
            requests: AtomicU64::new(0),
            config,
        }
    }

    /// The next request's number, from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The fault to play now for a model of this full name, if any; counts it as played. Faults of streams are for
    /// streams.
    pub(crate) fn next_fault(&self, full_name: &str, model: &ModelName<'_>, streamed: bool) -> Option<FaultKind> {
        let mut scripts = self.lock();
        let fault = match scripts.set.get(full_name) {
            Some(set) => *set,
            None => model.fault,
        }
        .filter(|fault| streamed || !fault.kind.needs_stream())?;
        if fault.times == Times::Always {
            return Some(fault.kind);
        }
        if scripts.played.len() >= MOST_NAMES && !scripts.played.contains_key(full_name) {
            return Some(fault.kind);
        }
        let now = Instant::now();
        let played = scripts.played.entry(full_name.to_owned()).or_insert(Played { times: 0, since: now });
        let hits = match fault.times {
            Times::Always => true,
            Times::First(most) => played.times < most,
            Times::For(time) => now.duration_since(played.since) < time,
        };
        if !hits {
            return None;
        }
        played.times = played.times.saturating_add(1);
        Some(fault.kind)
    }

    pub(crate) fn set_fault(&self, full_name: &str, fault: Option<Fault>) {
        let mut scripts = self.lock();
        scripts.played.remove(full_name);
        scripts.set.insert(full_name.to_owned(), fault);
    }

    /// Back to the configuration.
    pub(crate) fn reset(&self) {
        let mut scripts = self.lock();
        scripts.played.clear();
        scripts.set = self.config.faults.iter().map(|(name, fault)| (name.clone(), Some(*fault))).collect();
        drop(scripts);
        self.log.reset();
    }

    /// What this model does not take.
    pub(crate) fn refuses(&self, wire: Wire, model: &ModelName<'_>) -> Vec<Refuses> {
        let configured = self.config.refuses.get(model.plain).cloned();
        let mut refuses = configured.unwrap_or_else(|| refuses::by_name(wire, model.plain));
        refuses.extend(model.refuses);
        refuses
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
