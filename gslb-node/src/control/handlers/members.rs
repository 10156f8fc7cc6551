//! The members of the cluster, as far as the asked node knows how they are.

use crate::control::shape::{NodeReport, NodeStatus};
use gslb_consensus::raft::{RaftStatus, Timers};

/// The members of the cluster, as far as the asked node knows how they are.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    /// Every node.
    pub(super) nodes: &'a [NodeStatus],
    /// What the asked node does in Raft.
    pub(super) raft: &'a RaftStatus,
    /// How patient the nodes are with each other.
    pub(super) timers: Timers,
}

impl Members<'_> {
    /// The name of a node.
    pub(super) fn name(&self, id: u64) -> String {
        self.status(id).map_or_else(|| format!("node {id}"), |n| n.node.name.clone())
    }

    /// Where the other nodes reach it.
    pub(super) fn address(&self, id: u64) -> &str {
        self.status(id).map_or("its address", |n| n.node.raft.as_str())
    }

    /// Whether the asked node hears it, or is it.
    pub(super) fn hears(&self, id: u64) -> bool {
        self.status(id).is_some_and(|n| n.heard)
    }

    /// What the nodes said that are heard.
    pub(super) fn reports(&self) -> impl Iterator<Item = &NodeReport> {
        self.nodes.iter().filter(|n| n.heard).filter_map(|n| n.report.as_ref())
    }

    /// The voters that are not heard or do not vote, and the number of all.
    pub(super) fn lost_voters(&self) -> (Vec<u64>, usize) {
        let voters: Vec<u64> = self.raft.members.iter().filter(|m| m.voter).map(|m| m.id).collect();
        let stopped = |report: &NodeReport| report.is_stranger || report.role == "stopped";
        let lost = |id: &u64| {
            let status = self.status(*id);
            status.is_some_and(|n| !n.heard || n.report.as_ref().is_some_and(stopped))
        };
        (voters.iter().copied().filter(lost).collect(), voters.len())
    }

    /// The names of nodes, in a row.
    pub(super) fn names(&self, ids: &[u64]) -> String {
        ids.iter().map(|id| self.name(*id)).collect::<Vec<_>>().join(", ")
    }

    fn status(&self, id: u64) -> Option<&NodeStatus> {
        self.nodes.iter().find(|n| n.node.id == id)
    }
}

/// A span in its largest unit.
pub(super) fn span_words(seconds: u64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
