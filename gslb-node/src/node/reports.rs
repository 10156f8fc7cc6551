//! Sends the reports of the probes to the cluster.

use gslb_consensus::raft::{Cluster, Origin, ProposeError};
use gslb_consensus::state::{Caller, Command, Reply, Report, Revision};
use std::sync::Arc;
use std::time::Duration;

use crate::probe::{Sink, SinkError};
use crate::telemetry::Metrics;

/// A report that is not answered within is given up; the next one says what then differs.
const WITHIN: Duration = Duration::from_secs(2);

/// Proposes reports under one origin: their numbers make each apply once.
pub(super) fn sink(cluster: &Cluster, metrics: &Metrics) -> Sink {
    let node = cluster.status().node_id;
    let client = Origin::new(format!("node {node}")).client;
    let (cluster, metrics) = (cluster.clone(), metrics.clone());
    Arc::new(move |report: Report| {
        let (cluster, metrics) = (cluster.clone(), metrics.clone());
        let (actor, caller) = (format!("node {node}"), Caller::default());
        let origin = Origin { client, seq: report.seq, actor, caller };
        Box::pin(async move {
            let command = Command::ReportHealth(report);
            let sent = cluster.propose_within(command, origin, WITHIN).await;
            accepted(sent).inspect_err(|_| metrics.report_failed())
        })
    })
}

fn accepted(sent: Result<Reply, ProposeError>) -> Result<Revision, SinkError> {
    match sent {
        Ok(Reply::Done { revision, .. }) => Ok(revision),
        Ok(Reply::Refused { message, .. }) => Err(SinkError(message)),
        Err(error) => Err(SinkError(error.to_string())),
    }
}
