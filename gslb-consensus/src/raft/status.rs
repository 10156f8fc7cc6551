//! What a node says of its part in Raft.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::disk_pace::DiskPace;
use super::space::Space;

/// What a node does in Raft just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes writes and brings them to the others.
    Leader,
    /// Asks the others for their vote.
    Candidate,
    /// Follows a leader and votes.
    Follower,
    /// Follows a leader and has no vote (yet).
    Learner,
    /// Has no part in Raft: it follows the feed of another node.
    Observer,
    /// Raft does not run; the node goes on answering with what it has.
    Stopped,
}

/// One member of the cluster, as Raft knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The node's number.
    pub id: u64,
    /// Whether it votes.
    pub voter: bool,
    /// `host:port` of its Raft listener.
    pub raft: String,
}

/// What a node says of its part in Raft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftStatus {
    /// This node.
    pub node_id: u64,
    /// Who leads, as far as this node knows.
    pub leader: Option<u64>,
    /// What this node does.
    pub role: Role,
    /// The current term.
    pub term: u64,
    /// The last entry in this node's log.
    pub last_log_index: u64,
    /// The last entry in this node's state.
    pub applied_index: u64,
    /// All members.
    pub members: Vec<Member>,
    /// How long ago this node last knew of a quorum, ms; none if never since it started.
    ///
    /// In what [`super::Cluster::status_changes`] gives it is as old as the last other change.
    pub quorum_age_ms: Option<u64>,
    /// Why applying or Raft as a whole has stopped.
    pub halted: Option<String>,
    /// Whether the data folder is another one than that which joined the cluster under this number: it was
    /// emptied or swapped, and the node gets nothing and votes for nobody.
    pub is_stranger: bool,
    /// The room of the data folder.
    pub space: Space,
    /// How long it takes until the log is on disk.
    pub disk: DiskPace,
    /// On the leader: the nodes whose clocks are more than 2 s from the voters' median, and by how
    /// many seconds they are ahead.
    pub clocks_apart_s: BTreeMap<u64, i64>,
}

impl RaftStatus {
    /// The status of a node whose Raft does not run yet.
    pub(crate) fn stopped(node_id: u64) -> Self {
        Self {
            node_id,
            leader: None,
            role: Role::Stopped,
            term: 0,
            last_log_index: 0,
            applied_index: 0,
            members: Vec::new(),
            quorum_age_ms: None,
            halted: None,
            is_stranger: false,
            space: Space::default(),
            disk: DiskPace::default(),
            clocks_apart_s: BTreeMap::new(),
        }
    }
}
