//! Place files between the nodes: what this node decides by is offered to those that follow it, and an
//! observer may decide by what the node that feeds it offers.

use gslb_consensus::follow::Shelf;
use gslb_consensus::raft::Cluster;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::place_report::PlaceReport;

/// How long after files did not come whole they are asked for again.
const AGAIN: Duration = Duration::from_secs(2);

/// Offers the place data that is in use, with every change, for as long as the node lives.
pub(super) async fn offer(shelf: Arc<Shelf>, mut reports: watch::Receiver<PlaceReport>) {
    loop {
        let report = reports.borrow_and_update().clone();
        let shelf = Arc::clone(&shelf);
        let offered =
            spawn_blocking(move || shelf.offer(&report.edition, &report.label, &report.files));
        match offered.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "place files are not offered to observers"),
            Err(error) => tracing::error!(%error, "place files are not offered to observers"),
        }
        if reports.changed().await.is_err() {
            return;
        }
    }
}

/// Fetches the place files that the node offers which feeds this one, with every change.
pub(super) async fn fetch(cluster: Cluster, files: watch::Sender<Vec<PathBuf>>) {
    let Some(mut places) = cluster.fed_places() else { return };
    loop {
        if places.changed().await.is_err() {
            return;
        }
        loop {
            let offered = places.borrow_and_update().clone();
            let (label, edition) = (offered.label, offered.edition);
            match cluster.fetch_places(offered.files).await {
                Ok(paths) => {
                    tracing::info!(label, edition, "place data of the node that feeds this one");
                    files.send_replace(paths);
                    break;
                }
                Err(why) => {
                    tracing::warn!(label, edition, why, "place data did not come; trying again");
                    sleep(AGAIN).await;
                }
            }
        }
    }
}
