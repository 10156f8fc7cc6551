//! The types that openraft is given, and short names for its own.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::Reply;

openraft::declare_raft_types!(
    /// What openraft calls its type configuration.
    pub(crate) TypeConfig:
        D = Proposal,
        R = Outcome,
        NodeId = u64,
        Node = Dial,
);

pub(crate) type Raft = openraft::Raft<TypeConfig, super::machine::StateMachine>;
pub(crate) type LogId = openraft::alias::LogIdOf<TypeConfig>;
pub(crate) type Vote = openraft::alias::VoteOf<TypeConfig>;
pub(crate) type Entry = openraft::alias::EntryOf<TypeConfig>;
pub(crate) type LeaderId = openraft::alias::LeaderIdOf<TypeConfig>;
pub(crate) type Membership = openraft::Membership<u64, Dial>;
pub(crate) type StoredMembership = openraft::alias::StoredMembershipOf<TypeConfig>;
pub(crate) type SnapshotMeta = openraft::alias::SnapshotMetaOf<TypeConfig>;
pub(crate) type Snapshot = openraft::alias::SnapshotOf<TypeConfig, super::snapshot::SnapshotFile>;

/// One command as openraft sees it: the bytes of an encoded envelope, opaque to Raft.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proposal(pub(crate) Arc<[u8]>);

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command of {} bytes", self.0.len())
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What applying an entry gave: nothing for the entries that Raft writes for itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome(pub(crate) Option<Reply>);

/// How a member is dialled, as it stands in the membership.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dial {
    /// `host:port` of its Raft listener, unresolved.
    pub(crate) raft: String,
    /// The unique id of its data folder; a wiped node has another one and is not the same member.
    pub(crate) data_uuid: String,
}
