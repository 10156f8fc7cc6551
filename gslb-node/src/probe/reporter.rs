//! Brings the agreed votes of this vantage in line with its own verdicts.

use futures::future::BoxFuture;
use gslb_consensus::model::EndpointId;
use gslb_consensus::state::{Report, Revision, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::board::{Board, Held};

/// The first edge goes out at once; those within this time after it go together.
pub(super) const BATCH: Duration = Duration::from_millis(20);
/// Pause after a report that was not accepted, at first.
const RETRY_FIRST: Duration = Duration::from_millis(50);
/// Pause after reports that were not accepted, at most.
const RETRY_LAST: Duration = Duration::from_secs(1);
/// How long the own state may need to show a report that was accepted, before it is sent again.
const SETTLE: Duration = Duration::from_secs(5);

/// Proposes a report; gives the revision at which it was accepted.
pub type Sink =
    Arc<dyn Fn(Report) -> BoxFuture<'static, Result<Revision, SinkError>> + Send + Sync>;

/// Why a report was not accepted; the reporter tries again with what then differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkError(pub String);

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a health report was not accepted: {}", self.0)
    }
}

impl std::error::Error for SinkError {}

/// Compares own verdicts with agreed votes and reports the difference.
///
/// It is driven by levels, not by edges: whatever was lost - a report, a leader, the votes themselves
/// when this vantage was taken for silent - is found as a difference and sent again.
pub struct Reporter {
    node: u64,
    incarnation: u64,
    seq: u64,
    board: Arc<Board>,
    states: watch::Receiver<Arc<State>>,
    sink: Sink,
}

impl Reporter {
    /// A reporter of `node`; `incarnation` rises from start to start.
    #[must_use]
    pub fn new(
        node: u64,
        incarnation: u64,
        board: Arc<Board>,
        states: watch::Receiver<Arc<State>>,
        sink: Sink,
    ) -> Self {
        Self { node, incarnation, seq: 0, board, states, sink }
    }

    /// Reports until the agreed state's sender is gone.
    pub async fn run(mut self) {
        let mut turned = self.board.watch();
        let mut pause = RETRY_FIRST;
        loop {
            turned.borrow_and_update();
            let state = Arc::clone(&self.states.borrow_and_update());
            let Some(changes) = difference(&state, self.node, self.incarnation, &self.board.all())
            else {
                tokio::select! {
                    _ = turned.changed() => {}
                    changed = self.states.changed() => if changed.is_err() { return },
                }
                continue;
            };
            let sent = Instant::now();
            self.seq += 1;
            let (node, incarnation, seq) = (self.node, self.incarnation, self.seq);
            match (self.sink)(Report { node, incarnation, seq, changes }).await {
                Ok(revision) => {
                    pause = RETRY_FIRST;
                    if !self.shows(revision, sent + SETTLE).await {
                        return;
                    }
                    sleep_until(sent + BATCH).await;
                }
                Err(error) => {
                    if pause == RETRY_FIRST {
                        tracing::warn!(seq, "{error}; trying again until it is");
                    }
                    sleep_until(Instant::now() + pause).await;
                    pause = (pause * 2).min(RETRY_LAST);
                }
            }
        }
    }

    /// Waits until the own state has reached `revision`; false if its sender is gone.
    async fn shows(&mut self, revision: Revision, deadline: Instant) -> bool {
        let reached = self.states.wait_for(|state| state.revision() >= revision);
        !matches!(timeout_at(deadline, reached).await, Ok(Err(_)))
    }
}

/// The verdicts that the agreed votes of this vantage do not show; `None` if nothing is to be said.
fn difference(
    state: &State,
    node: u64,
    incarnation: u64,
    own: &BTreeMap<EndpointId, Held>,
) -> Option<Vec<(EndpointId, bool, String)>> {
    let counts = state
        .health
        .vantages
        .get(&node)
        .is_some_and(|vantage| vantage.live && vantage.incarnation >= incarnation);
    let agreed = |id: &EndpointId| {
        state.health.votes.get(id).and_then(|votes| votes.get(&node)).map(|vote| vote.up)
    };
    let mut changes: Vec<_> = own
        .iter()
        .filter(|(id, held)| !counts || agreed(id) != Some(held.up))
        .map(|(id, held)| (id.clone(), held.up, held.reason.clone()))
        .collect();
    if !changes.is_empty() {
        let monitored = state.config.endpoints().filter(|(pool, _)| pool.monitor.is_some());
        let probed: BTreeSet<&EndpointId> = monitored.map(|(_, e)| &e.id).collect();
        changes.retain(|(id, _, _)| probed.contains(id));
    }
    // A node that was removed, or is not yet added, has no vote.
    (!changes.is_empty() && state.nodes.contains_key(&node)).then_some(changes)
}
