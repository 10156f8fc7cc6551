//! What an upgrade still lacks.

use crate::control::shape::NodeStatus;
use gslb_consensus::state::Generation;

/// Who keeps what is new from being written, and who cannot follow what is written.
pub(super) fn generations(nodes: &[NodeStatus], at: Generation) -> Vec<String> {
    let members = || nodes.iter().filter(|status| status.node.member != "added");
    let reads = |status: &NodeStatus| {
        let report = status.report.as_ref().filter(|_| status.heard);
        report.map(|report| report.reads_generation)
    };
    let newest = members().filter_map(reads).max().unwrap_or_default();
    let told = |status: &NodeStatus| match reads(status) {
        None => Some(format!("{} is not heard", status.node.name)),
        Some(reads) if reads < newest => {
            Some(format!("{} reads up to generation {reads}", status.node.name))
        }
        Some(_) => None,
    };
    let behind: Vec<String> = members().filter_map(told).collect();
    if newest > at && !behind.is_empty() {
        return vec![format!(
            "the upgrade is not finished: {}. Until all members run the new version, what it brings \
             is refused, and the one before can be put back",
            behind.join(", ")
        )];
    }
    let lost = members().filter(|status| reads(status).is_some_and(|reads| reads < at));
    let lost = lost.map(|status| {
        format!(
            "node {} runs a version that cannot follow: the cluster writes generation {at}. Upgrade it",
            status.node.name
        )
    });
    lost.collect()
}
