//! When each node was last heard, and what it said.

use super::api::Api;
use super::shape::NodeReport;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// A node that has not been heard for so long counts as silent: nobody waits for it.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(5);
/// How often each node asks the others how they are.
const EVERY: Duration = Duration::from_secs(1);
/// An answer that takes longer counts as none.
pub(super) const ASK_WITHIN: Duration = Duration::from_millis(1500);

/// What a node said last, and when.
#[derive(Clone)]
pub(super) struct Sighting {
    /// When.
    pub(super) at: Instant,
    /// What.
    pub(super) report: NodeReport,
}

/// The last sighting of every other node.
pub(super) struct Roll {
    since: Instant,
    sightings: Mutex<BTreeMap<u64, Sighting>>,
}

impl Roll {
    /// A roll on which nobody has been called.
    pub(super) fn new(since: Instant) -> Self {
        Self { since, sightings: Mutex::default() }
    }

    /// Notes what a node said just now.
    pub(super) fn note(&self, id: u64, report: NodeReport) {
        let sighting = Sighting { at: Instant::now(), report };
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sighting);
    }

    /// What a node said last.
    pub(super) fn last(&self, id: u64) -> Option<Sighting> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Whether a node has been quiet for long enough that nobody waits for it.
    pub(super) fn is_silent(&self, id: u64) -> bool {
        let heard = self.last(id).map_or(self.since, |s| s.at);
        heard.elapsed() >= SILENT_AFTER
    }
}

impl Api {
    /// Asks the other nodes how they are, each second, for as long as the node lives: spawn it once.
    pub async fn call_roll(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.rates.sample(Instant::now(), self.parts.insight.answers());
            self.ask_all("/v1/node").await;
        }
    }

    /// Asks every other node of the cluster how it is, and notes who answers.
    pub(super) async fn ask_all(&self, path: &str) {
        let state = self.parts.cluster.state();
        let others = state.nodes.keys().filter(|id| **id != self.node_id());
        futures::future::join_all(others.map(|id| self.ask(*id, path, ASK_WITHIN))).await;
    }

    /// Asks one node by its peers' routes; what it says is noted.
    pub(super) async fn ask(&self, id: u64, path: &str, within: Duration) -> Option<NodeReport> {
        let peer = self.parts.cluster.peer(id);
        let answer = tokio::time::timeout(within, peer.get(path)).await.ok()?.ok()?;
        let (200, body) = answer else { return None };
        let report: NodeReport = serde_json::from_slice(&body).ok()?;
        self.roll.note(id, report.clone());
        Some(report)
    }
}
