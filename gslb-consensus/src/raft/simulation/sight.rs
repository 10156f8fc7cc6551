//! What a node holds at a moment, for those who judge it.

use openraft::async_runtime::WatchReceiver;
use openraft::{EntryPayload, ServerState};

use crate::raft::cluster::Cluster;
use crate::raft::types::{Entry, LogId};

/// Which entry stands at an index of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The leader that wrote it: term and node. They are ordered; a term may see more than one.
    pub leader: (u64, u64),
    /// Its index.
    pub index: u64,
    /// CRC-32 of what it holds; 0 if only its place is told.
    pub content: u32,
}

/// What a node holds at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The vote: term and node.
    pub vote: (u64, u64),
    /// Whether it takes itself for the leader that it voted for.
    pub leads: bool,
    /// Members that vote.
    pub voters: Vec<u64>,
    /// How far it knows the log to be committed.
    pub committed: Option<Line>,
    /// How far it has applied.
    pub applied: Option<Line>,
    /// Up to where its log has been purged.
    pub purged: Option<Line>,
    /// The last index of its log.
    pub last: Option<u64>,
    /// Its log from the index on that was asked for.
    pub log: Vec<Line>,
}

/// Looks at a node whose Raft runs, and at its log from an index on.
pub fn look(cluster: &Cluster, from: u64) -> Option<Sight> {
    let store = cluster.core.store()?;
    let raft = cluster.core.raft()?;
    let metrics = raft.metrics().borrow_watched().clone();
    metrics.running_state.as_ref().ok()?;
    let (purged, last, entries) = store.lines(from);
    Some(Sight {
        vote: (metrics.vote.leader_id.term, metrics.vote.leader_id.node_id),
        leads: metrics.state == ServerState::Leader,
        voters: metrics.membership_config.voter_ids().collect(),
        committed: metrics.local_committed.map(place),
        applied: metrics.last_applied.map(place),
        purged: purged.map(place),
        last,
        log: entries.iter().map(line).collect(),
    })
}

/// Where an entry stands.
fn place(id: LogId) -> Line {
    Line { leader: (id.leader_id.term, id.leader_id.node_id), index: id.index, content: 0 }
}

/// An entry, with what it holds.
fn line(entry: &Entry) -> Line {
    let content = match &entry.payload {
        EntryPayload::Blank => 0,
        EntryPayload::Normal(proposal) => crc32fast::hash(&proposal.0),
        EntryPayload::Membership(membership) => crc32fast::hash(membership.to_string().as_bytes()),
    };
    Line { content, ..place(entry.log_id) }
}
