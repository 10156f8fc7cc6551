//! A node as a vantage: it reports verdicts that change, as long as it runs.

use crate::client::while_it_runs;
use crate::clock::pass_ms;
use crate::lab::{Lab, REGIONS};
use crate::node::Node;
use gslb_consensus::raft::Origin;
use gslb_consensus::state::{Command, Report};
use gslb_tests::load::random::Random;
use std::sync::Arc;

/// Reports verdicts of a node until the run is over.
pub(crate) async fn run(lab: Arc<Lab>, node: Arc<Node>) {
    let mut random = Random::new(lab.plan.seed << 8 | (200 + node.id));
    let mut seq = 0;
    while !*lab.over.borrow() {
        pass_ms(1_000 + random.below(6_000) as u64).await;
        let Some((start, cluster)) = node.running() else { continue };
        seq += 1;
        let endpoint = format!("{}-1", REGIONS[random.below(REGIONS.len())]);
        let up = random.below(3) > 0;
        let report = Report {
            node: node.id,
            incarnation: start,
            seq,
            changes: vec![(endpoint.parse().unwrap(), up, "plan".to_owned())],
        };
        let origin = Origin::new(format!("node n{}", node.id));
        let proposed = cluster.propose(Command::ReportHealth(report), origin);
        // Whatever comes of it: the next verdict is reported all the same.
        let _ = while_it_runs(&node, start, proposed).await;
    }
}
