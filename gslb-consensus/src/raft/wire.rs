//! Version 1 of every message between nodes and of every stored entry.
//!
//! openraft's own types give no promise of a stable layout, so each is converted field by field.
//! The field order is the format: a change is a new version beside this one, under a new path.

use openraft::EntryPayload;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::types::{
    Dial, Entry, LeaderId, LogId, Membership, Proposal, SnapshotMeta, StoredMembership, TypeConfig,
    Vote,
};

/// Bytes that are no message of version 1.
#[derive(Debug)]
pub(crate) struct WireError(String);

impl WireError {
    /// Says what was wrong with the bytes.
    fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a message of version 1: {}", self.0)
    }
}

impl std::error::Error for WireError {}

/// A type of openraft that has a layout of version 1.
pub(crate) trait Wire: Sized {
    /// The layout of version 1.
    type V1: Serialize + DeserializeOwned;
    /// Converts to the layout.
    fn to_v1(&self) -> Self::V1;
    /// Converts from the layout; fails on what only a later version may say.
    fn from_v1(v1: Self::V1) -> Result<Self, WireError>;

    /// The bytes of the value.
    fn encode(&self) -> Result<Vec<u8>, WireError> {
        self.encode_behind(Vec::new())
    }

    /// The same behind what is there already.
    fn encode_behind(&self, bytes: Vec<u8>) -> Result<Vec<u8>, WireError> {
        postcard::to_extend(&self.to_v1(), bytes).map_err(WireError::new)
    }

    /// The value of the bytes.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Self::from_v1(postcard::from_bytes(bytes).map_err(WireError::new)?)
    }
}

/// Layout of a log id.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LogIdV1 {
    term: u64,
    node: u64,
    index: u64,
}

impl Wire for LogId {
    type V1 = LogIdV1;

    fn to_v1(&self) -> LogIdV1 {
        LogIdV1 { term: self.leader_id.term, node: self.leader_id.node_id, index: self.index }
    }

    fn from_v1(v1: LogIdV1) -> Result<Self, WireError> {
        let leader_id = LeaderId { term: v1.term, node_id: v1.node };
        Ok(Self { leader_id, index: v1.index })
    }
}

impl Wire for Option<LogId> {
    type V1 = Option<LogIdV1>;

    fn to_v1(&self) -> Option<LogIdV1> {
        self.as_ref().map(Wire::to_v1)
    }

    fn from_v1(v1: Option<LogIdV1>) -> Result<Self, WireError> {
        v1.map(LogId::from_v1).transpose()
    }
}

/// Layout of a vote.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct VoteV1 {
    term: u64,
    node: u64,
    committed: bool,
}

impl Wire for Vote {
    type V1 = VoteV1;

    fn to_v1(&self) -> VoteV1 {
        VoteV1 {
            term: self.leader_id.term,
            node: self.leader_id.node_id,
            committed: self.committed,
        }
    }

    fn from_v1(v1: VoteV1) -> Result<Self, WireError> {
        let leader_id = LeaderId { term: v1.term, node_id: v1.node };
        Ok(Self { leader_id, committed: v1.committed })
    }
}

/// Layout of a membership: the voter sets (two while it changes), and how each node is dialled.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MembershipV1 {
    voters: Vec<BTreeSet<u64>>,
    nodes: BTreeMap<u64, DialV1>,
}

/// Layout of how a node is dialled.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DialV1 {
    raft: String,
    data_uuid: String,
}

impl Wire for Membership {
    type V1 = MembershipV1;

    fn to_v1(&self) -> MembershipV1 {
        let dial =
            |dial: &Dial| DialV1 { raft: dial.raft.clone(), data_uuid: dial.data_uuid.clone() };
        MembershipV1 {
            voters: self.get_joint_config().clone(),
            nodes: self.nodes().map(|(id, node)| (*id, dial(node))).collect(),
        }
    }

    fn from_v1(v1: MembershipV1) -> Result<Self, WireError> {
        let dial = |dial: DialV1| Dial { raft: dial.raft, data_uuid: dial.data_uuid };
        let nodes: BTreeMap<u64, Dial> =
            v1.nodes.into_iter().map(|(id, node)| (id, dial(node))).collect();
        if v1.voters.is_empty() && nodes.is_empty() {
            return Ok(Self::default());
        }
        Self::new(v1.voters, nodes).map_err(WireError::new)
    }
}

/// Layout of a log entry. `kind`: 0 blank, 1 command, 2 membership; numbers are never reused.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct EntryV1 {
    log_id: LogIdV1,
    kind: u8,
    body: Body,
}

/// The bytes of an entry's body. The layout is that of a list of bytes, written and read as one piece.
#[derive(Clone)]
struct Body(Arc<[u8]>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Takes the bytes where they lie.
        struct Piece;

        impl Visitor<'_> for Piece {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Body, E> {
                Ok(Body(bytes.into()))
            }
        }

        deserializer.deserialize_bytes(Piece)
    }
}

impl Wire for Entry {
    type V1 = EntryV1;

    fn to_v1(&self) -> EntryV1 {
        let (kind, body) = match &self.payload {
            EntryPayload::Blank => (0, Arc::default()),
            EntryPayload::Normal(proposal) => (1, Arc::clone(&proposal.0)),
            // A membership is strings and numbers: encoding it cannot fail.
            EntryPayload::Membership(members) => (2, members.encode().unwrap_or_default().into()),
        };
        EntryV1 { log_id: self.log_id.to_v1(), kind, body: Body(body) }
    }

    fn from_v1(v1: EntryV1) -> Result<Self, WireError> {
        let payload = match v1.kind {
            0 => EntryPayload::Blank,
            1 => EntryPayload::Normal(Proposal(v1.body.0)),
            2 => EntryPayload::Membership(Membership::decode(&v1.body.0)?),
            other => return Err(WireError::new(format_args!("an entry of kind {other}"))),
        };
        Ok(Self { log_id: LogId::from_v1(v1.log_id)?, payload })
    }
}

/// Layout of what a snapshot says of itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct SnapshotMetaV1 {
    last_log_id: Option<LogIdV1>,
    membership_log_id: Option<LogIdV1>,
    membership: MembershipV1,
}

impl Wire for SnapshotMeta {
    type V1 = SnapshotMetaV1;

    fn to_v1(&self) -> SnapshotMetaV1 {
        SnapshotMetaV1 {
            last_log_id: self.last_log_id.to_v1(),
            membership_log_id: self.last_membership.log_id().to_v1(),
            membership: self.last_membership.membership().to_v1(),
        }
    }

    fn from_v1(v1: SnapshotMetaV1) -> Result<Self, WireError> {
        let log_id = Option::<LogId>::from_v1(v1.membership_log_id)?;
        let membership = Membership::from_v1(v1.membership)?;
        Ok(Self {
            last_log_id: Option::<LogId>::from_v1(v1.last_log_id)?,
            last_membership: StoredMembership::new(log_id, membership),
        })
    }
}

/// Layout of a request to append entries; without entries it is a heartbeat.
#[derive(Serialize, Deserialize)]
pub(crate) struct AppendV1 {
    vote: VoteV1,
    prev_log_id: Option<LogIdV1>,
    entries: Vec<EntryV1>,
    leader_commit: Option<LogIdV1>,
}

impl Wire for AppendEntriesRequest<TypeConfig> {
    type V1 = AppendV1;

    fn to_v1(&self) -> AppendV1 {
        AppendV1 {
            vote: self.vote.to_v1(),
            prev_log_id: self.prev_log_id.to_v1(),
            entries: self.entries.iter().map(Wire::to_v1).collect(),
            leader_commit: self.leader_commit.to_v1(),
        }
    }

    fn from_v1(v1: AppendV1) -> Result<Self, WireError> {
        Ok(Self {
            vote: Vote::from_v1(v1.vote)?,
            prev_log_id: Option::<LogId>::from_v1(v1.prev_log_id)?,
            entries: v1.entries.into_iter().map(Entry::from_v1).collect::<Result<_, _>>()?,
            leader_commit: Option::<LogId>::from_v1(v1.leader_commit)?,
        })
    }
}

/// Layout of the answer to an append. `kind`: 0 success, 1 partial, 2 conflict, 3 higher vote.
#[derive(Serialize, Deserialize)]
pub(crate) struct AppendedV1 {
    kind: u8,
    log_id: Option<LogIdV1>,
    vote: Option<VoteV1>,
}

impl Wire for AppendEntriesResponse<TypeConfig> {
    type V1 = AppendedV1;

    fn to_v1(&self) -> AppendedV1 {
        let (kind, log_id, vote) = match self {
            Self::Success => (0, None, None),
            Self::PartialSuccess(log_id) => (1, log_id.to_v1(), None),
            Self::Conflict => (2, None, None),
            Self::HigherVote(vote) => (3, None, Some(vote.to_v1())),
        };
        AppendedV1 { kind, log_id, vote }
    }

    fn from_v1(v1: AppendedV1) -> Result<Self, WireError> {
        match (v1.kind, v1.vote) {
            (0, _) => Ok(Self::Success),
            (1, _) => Ok(Self::PartialSuccess(Option::<LogId>::from_v1(v1.log_id)?)),
            (2, _) => Ok(Self::Conflict),
            (3, Some(vote)) => Ok(Self::HigherVote(Vote::from_v1(vote)?)),
            (other, _) => Err(WireError::new(format_args!("an append answer of kind {other}"))),
        }
    }
}

/// Layout of a request for a vote, or for a promise of one.
#[derive(Serialize, Deserialize)]
pub(crate) struct AskVoteV1 {
    vote: VoteV1,
    last_log_id: Option<LogIdV1>,
    leadership_transfer: bool,
}

impl Wire for VoteRequest<TypeConfig> {
    type V1 = AskVoteV1;

    fn to_v1(&self) -> AskVoteV1 {
        AskVoteV1 {
            vote: self.vote.to_v1(),
            last_log_id: self.last_log_id.to_v1(),
            leadership_transfer: self.leadership_transfer,
        }
    }

    fn from_v1(v1: AskVoteV1) -> Result<Self, WireError> {
        let last_log_id = Option::<LogId>::from_v1(v1.last_log_id)?;
        let mut request = Self::new(Vote::from_v1(v1.vote)?, last_log_id);
        request.leadership_transfer = v1.leadership_transfer;
        Ok(request)
    }
}

/// Layout of the answer to a request for a vote.
#[derive(Serialize, Deserialize)]
pub(crate) struct VotedV1 {
    vote: VoteV1,
    granted: bool,
    last_log_id: Option<LogIdV1>,
}

impl Wire for VoteResponse<TypeConfig> {
    type V1 = VotedV1;

    fn to_v1(&self) -> VotedV1 {
        VotedV1 {
            vote: self.vote.to_v1(),
            granted: self.vote_granted,
            last_log_id: self.last_log_id.to_v1(),
        }
    }

    fn from_v1(v1: VotedV1) -> Result<Self, WireError> {
        let last_log_id = Option::<LogId>::from_v1(v1.last_log_id)?;
        Ok(Self::new(Vote::from_v1(v1.vote)?, last_log_id, v1.granted))
    }
}

impl Wire for SnapshotResponse<TypeConfig> {
    type V1 = VoteV1;

    fn to_v1(&self) -> VoteV1 {
        self.vote.to_v1()
    }

    fn from_v1(v1: VoteV1) -> Result<Self, WireError> {
        Ok(Self::new(Vote::from_v1(v1)?))
    }
}

/// Layout of the leader's request that another node take over.
#[derive(Serialize, Deserialize)]
pub(crate) struct TransferV1 {
    from_leader: VoteV1,
    to: u64,
    last_log_id: Option<LogIdV1>,
}

impl Wire for TransferLeaderRequest<TypeConfig> {
    type V1 = TransferV1;

    fn to_v1(&self) -> TransferV1 {
        TransferV1 {
            from_leader: self.from_leader().to_v1(),
            to: *self.to_node_id(),
            last_log_id: self.last_log_id().copied().to_v1(),
        }
    }

    fn from_v1(v1: TransferV1) -> Result<Self, WireError> {
        let last_log_id = Option::<LogId>::from_v1(v1.last_log_id)?;
        Ok(Self::new(Vote::from_v1(v1.from_leader)?, v1.to, last_log_id))
    }
}

/// Layout of the answer to a transfer. `kind`: 0 accepted, 1 vote changed, 2 log not flushed.
#[derive(Serialize, Deserialize)]
pub(crate) struct TransferredV1 {
    kind: u8,
    votes: Option<(VoteV1, VoteV1)>,
    logs: (Option<LogIdV1>, Option<LogIdV1>),
}

impl Wire for TransferLeaderResponse<TypeConfig> {
    type V1 = TransferredV1;

    fn to_v1(&self) -> TransferredV1 {
        match self {
            Ok(()) => TransferredV1 { kind: 0, votes: None, logs: (None, None) },
            Err(TransferLeaderError::VoteChanged { expected, actual }) => {
                let votes = Some((expected.to_v1(), actual.to_v1()));
                TransferredV1 { kind: 1, votes, logs: (None, None) }
            }
            Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
                TransferredV1 { kind: 2, votes: None, logs: (expected.to_v1(), actual.to_v1()) }
            }
        }
    }

    fn from_v1(v1: TransferredV1) -> Result<Self, WireError> {
        match (v1.kind, v1.votes) {
            (0, _) => Ok(Ok(())),
            (1, Some((expected, actual))) => Ok(Err(TransferLeaderError::VoteChanged {
                expected: Vote::from_v1(expected)?,
                actual: Vote::from_v1(actual)?,
            })),
            (2, _) => Ok(Err(TransferLeaderError::LogNotFlushed {
                expected: Option::<LogId>::from_v1(v1.logs.0)?,
                actual: Option::<LogId>::from_v1(v1.logs.1)?,
            })),
            (other, _) => Err(WireError::new(format_args!("a transfer answer of kind {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_id(term: u64, node: u64, index: u64) -> LogId {
        LogId { leader_id: LeaderId { term, node_id: node }, index }
    }

    #[test]
    fn every_kind_of_entry_comes_back_as_it_was() {
        let dial = Dial { raft: "a:1".to_owned(), data_uuid: "u".to_owned() };
        let members =
            Membership::new(vec![BTreeSet::from([1])], BTreeMap::from([(1, dial)])).unwrap();
        for payload in [
            EntryPayload::Blank,
            EntryPayload::Normal(Proposal(b"abc".to_vec().into())),
            EntryPayload::Membership(members),
        ] {
            let entry = Entry { log_id: log_id(3, 1, 9), payload };
            assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
        }
    }

    #[test]
    fn an_entry_of_a_later_kind_is_an_error_and_never_a_blank() {
        let v1 = EntryV1 { log_id: log_id(1, 1, 1).to_v1(), kind: 3, body: Body(Arc::default()) };
        assert!(Entry::from_v1(v1).is_err());
    }

    #[test]
    fn the_bytes_of_an_entry_are_the_ones_of_version_1() {
        let payload = EntryPayload::Normal(Proposal(vec![7; 200].into()));
        let entry = Entry { log_id: log_id(3, 1, 9), payload };
        let bytes = entry.encode().unwrap();
        assert_eq!(bytes[..6], [3, 1, 9, 1, 0xc8, 0x01]);
        assert_eq!(bytes[6..], [7; 200]);
    }

    #[test]
    fn the_bytes_of_a_vote_are_the_ones_of_version_1() {
        let vote = Vote { leader_id: LeaderId { term: 300, node_id: 2 }, committed: true };
        assert_eq!(vote.encode().unwrap(), [0xac, 0x02, 0x02, 0x01]);
    }
}
