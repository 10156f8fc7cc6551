//! What an observer tells the node that feeds it.

use gslb_consensus::raft::Cluster;
use gslb_consensus::state::Revision;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::control::Api;

/// How often an observer says how it is, though nothing changed.
const EVERY: Duration = Duration::from_secs(5);
/// How long what comes together is gathered.
const GATHER: Duration = Duration::from_millis(20);

/// Reports what this node serves, and what those behind it said, as soon as that changes.
pub(super) async fn report(cluster: Cluster, api: Api, mut served: watch::Receiver<Revision>) {
    let mut behind = cluster.guest_changes();
    loop {
        cluster.is_fed().await;
        served.mark_unchanged();
        behind.mark_unchanged();
        if let Err(error) = cluster.report(api.own_report().into()).await {
            tracing::debug!(%error, "what this node says of itself was not taken");
        }
        sleep(GATHER).await;
        tokio::select! {
            changed = served.changed() => if changed.is_err() { return },
            changed = behind.changed() => if changed.is_err() { return },
            () = sleep(EVERY) => {}
        }
    }
}
