//! Looks at all nodes, again and again, and has every invariant judge what it sees.

use crate::clock::pass;
use crate::invariants::{self, Invariant};
use crate::lab::Lab;
use crate::node::Node;
use gslb_consensus::raft::simulation::{Sight, look};
use gslb_consensus::state::State;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often all nodes are looked at.
const ROUND: Duration = Duration::from_millis(50);

/// Every so many looks whole logs are read; in between only what is not known to be committed.
const WHOLE: u64 = 40;

/// What one node shows at a moment.
pub(crate) struct Seen {
    /// Which of its starts this is.
    pub(crate) start: u64,
    /// What its Raft holds; none: Raft does not run.
    pub(crate) sight: Option<Sight>,
}

/// What all nodes that run show at a moment.
pub(crate) struct Moment<'a> {
    /// Simulated ms since the run began.
    pub(crate) at_ms: u64,
    pub(crate) nodes: &'a BTreeMap<u64, Seen>,
}

/// A state that a node published.
pub(crate) struct Published<'a> {
    pub(crate) at_ms: u64,
    pub(crate) node: u64,
    pub(crate) start: u64,
    pub(crate) state: &'a State,
}

/// The judges of a run.
pub(crate) struct Observer {
    lab: Arc<Lab>,
    judges: Mutex<Vec<Box<dyn Invariant>>>,
}

impl Observer {
    pub(crate) fn new(lab: &Arc<Lab>) -> Arc<Self> {
        let judges = Mutex::new(invariants::all(&lab.plan));
        Arc::new(Self { lab: Arc::clone(lab), judges })
    }

    /// Looks until the tasks are dropped.
    pub(crate) fn start(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        for node in self.lab.nodes.values() {
            tasks.spawn(Arc::clone(self).follow(Arc::clone(node)));
        }
        let observer = Arc::clone(self);
        tasks.spawn(async move {
            let mut round = 0;
            loop {
                round += 1;
                observer.look(round % WHOLE == 0);
                pass(ROUND).await;
            }
        });
    }

    /// Looks at all nodes once.
    pub(crate) fn look(&self, whole: bool) {
        let mut nodes = BTreeMap::new();
        for (id, node) in &self.lab.nodes {
            let Some((start, cluster)) = node.running() else { continue };
            let sight = look(&cluster, u64::MAX);
            let from = |sight: &Sight| sight.committed.map_or(0, |line| line.index);
            let from = sight.as_ref().map_or(0, from);
            let sight = look(&cluster, if whole { 0 } else { from.saturating_sub(1) });
            nodes.insert(*id, Seen { start, sight });
        }
        let moment = Moment { at_ms: self.lab.journal.ms(), nodes: &nodes };
        self.judge(|judge| judge.look(&moment));
    }

    /// Shows every state that a node publishes, through all of its starts.
    async fn follow(self: Arc<Self>, node: Arc<Node>) {
        let mut watch = node.watch();
        loop {
            let running = watch.borrow_and_update().clone();
            let Some((start, cluster)) = running else {
                if watch.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let mut states = cluster.watch();
            drop(cluster);
            loop {
                let state = Arc::clone(&states.borrow_and_update());
                let at_ms = self.lab.journal.ms();
                let published = Published { at_ms, node: node.id, start, state: &state };
                self.judge(|judge| judge.published(&published));
                tokio::select! {
                    biased;
                    _ = watch.changed() => break,
                    changed = states.changed() => if changed.is_err() { break },
                }
            }
        }
    }

    /// Has all judge at the end, when the nodes agree.
    pub(crate) fn finish(&self) {
        self.look(true);
        let lab = Arc::clone(&self.lab);
        self.judge(|judge| judge.finish(&lab));
    }

    fn judge(&self, mut ask: impl FnMut(&mut dyn Invariant) -> Result<(), String>) {
        if self.lab.journal.broken().is_some() {
            return;
        }
        for judge in self.judges.lock().unwrap().iter_mut() {
            if let Err(why) = ask(judge.as_mut()) {
                self.lab.journal.break_with(format!("{}: {why}", judge.name()));
                return;
            }
        }
    }
}
