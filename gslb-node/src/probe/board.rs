//! The own verdicts of this vantage.

use gslb_consensus::model::EndpointId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What this vantage holds of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Up or down.
    pub up: bool,
    /// What the probe that turned it said.
    pub reason: String,
}

/// The own verdicts, and a signal that one turned.
#[derive(Debug)]
pub struct Board {
    verdicts: Mutex<BTreeMap<EndpointId, Held>>,
    turned: watch::Sender<u64>,
}

impl Default for Board {
    fn default() -> Self {
        Self { verdicts: Mutex::default(), turned: watch::Sender::new(0) }
    }
}

impl Board {
    /// Notes a verdict that turned.
    pub fn set(&self, endpoint: &EndpointId, up: bool, reason: &str) {
        let held = Held { up, reason: reason.to_owned() };
        self.with(|verdicts| verdicts.insert(endpoint.clone(), held));
        self.turned.send_modify(|count| *count += 1);
    }

    /// Forgets an endpoint: it is no longer probed, or in another way.
    pub fn forget(&self, endpoint: &EndpointId) {
        self.with(|verdicts| verdicts.remove(endpoint));
    }

    /// All verdicts now.
    #[must_use]
    pub fn all(&self) -> BTreeMap<EndpointId, Held> {
        self.with(|verdicts| verdicts.clone())
    }

    /// Wakes whenever a verdict turns.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<EndpointId, Held>) -> T) -> T {
        act(&mut self.verdicts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
