//! How current the node's answers are: the wait at the start, and the mark on answers later.

use gslb_consensus::raft::Cluster;
use gslb_consensus::state::{Revision, State};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::publish::Publication;

/// How long a node that has state waits for the others before it answers by what it has.
const CATCH_UP: Duration = Duration::from_secs(2);
/// How long after a leader could not be asked it is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(10);
/// How often the age of the quorum is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until there is something to answer by: state at all, then what the others know, for a while.
pub(super) async fn wait_for_state(cluster: &Cluster, mut served: watch::Receiver<Revision>) {
    let has_state = |state: &Arc<State>| state.config_index > 0 || !state.nodes.is_empty();
    let mut states = cluster.watch();
    if !has_state(&states.borrow()) {
        tracing::info!("no state yet: DNS stays closed until the cluster has taken this node in");
    }
    if states.wait_for(has_state).await.is_err() {
        return std::future::pending().await;
    }
    // The end of the node's own log says nothing about what was agreed while it was away: only the leader knows.
    let current = async {
        if cluster.is_observer() {
            return cluster.is_fed().await;
        }
        while cluster.linearizable().await.is_err() {
            sleep(ASK_AGAIN).await;
        }
    };
    if timeout(CATCH_UP, current).await.is_err() {
        tracing::warn!("no word from the others: answering by the stored state");
    }
    let applied = cluster.state().revision();
    if served.wait_for(|served| *served >= applied).await.is_err() {
        std::future::pending().await
    }
}

/// Marks answers as stale while the node has been without a quorum for longer than `after`.
///
/// A node that has not heard of a quorum since it started counts as cut off since then, but marks at
/// once: what it has may be old already.
pub(super) async fn mark_stale(cluster: Cluster, publication: Arc<Publication>, after: Duration) {
    let started = Instant::now();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let stale = match cluster.status().quorum_age_ms {
            Some(age) => Duration::from_millis(age) > after,
            None => started.elapsed() > CATCH_UP,
        };
        if stale != publication.is_stale() {
            publication.set_stale(stale);
            if stale {
                tracing::warn!("cut off from the quorum: answers are by the last agreed state");
            } else {
                tracing::info!("in touch with the quorum");
            }
        }
    }
}
