//! Why an operation of the cluster failed; one enum an operation.

use std::fmt;

use super::store::OpenError;
use crate::identity::IdentityError;

/// Why a node could not take its place in the cluster.
#[derive(Debug)]
pub enum StartError {
    /// The data folder cannot be used.
    Open(OpenError),
    /// The node's identity cannot be used.
    Identity(IdentityError),
    /// The system refused threads or sockets.
    System(std::io::Error),
    /// Raft did not start.
    Raft(String),
    /// The log holds a command that this version does not know.
    Halted(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Identity(error) => error.fmt(f),
            Self::System(error) => write!(f, "the system refused: {error}"),
            Self::Raft(why) => write!(f, "Raft did not start: {why}"),
            Self::Halted(why) => write!(f, "applying has stopped: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<IdentityError> for StartError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

/// Why a command was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposeError {
    /// This node is cut off from the quorum; nothing has changed.
    NoQuorum {
        /// Who led when it was last known.
        leader: Option<u64>,
    },
    /// No leader was found in time; nothing has changed.
    NoLeader,
    /// The command was sent, but the answer never came: it may or may not take effect.
    ///
    /// The same command under the same origin may be proposed again; it takes effect once.
    Unknown {
        /// What happened last.
        why: String,
    },
    /// Raft does not run on this node.
    Stopped {
        /// Why not.
        why: String,
    },
    /// This node is an observer; nothing has changed.
    Observer {
        /// Where changes go: the API of the members.
        members: Vec<String>,
    },
    /// As many commands as this node lets in are on their way; nothing has changed.
    Busy,
    /// The leader's version does not know the command; nothing has changed.
    Unsupported {
        /// What the leader said.
        why: String,
    },
}

impl fmt::Display for ProposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQuorum { leader: Some(leader) } => {
                write!(f, "this node is cut off from the quorum; node {leader} led last")
            }
            Self::NoQuorum { leader: None } => write!(f, "this node is cut off from the quorum"),
            Self::NoLeader => write!(f, "no leader was found in time; nothing has changed"),
            Self::Unknown { why } => {
                write!(f, "the answer never came, the change may or may not take effect: {why}")
            }
            Self::Stopped { why } => write!(f, "Raft does not run on this node: {why}"),
            Self::Observer { members } => {
                write!(f, "this node is an observer: changes go to {}", members.join(", "))
            }
            Self::Busy => write!(f, "too many commands are on their way; nothing has changed"),
            Self::Unsupported { why } => write!(f, "the leader does not know the command: {why}"),
        }
    }
}

impl std::error::Error for ProposeError {}

/// Why the newest state could not be had; the state of a moment ago always can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// No leader confirmed in time what the newest state is.
    NoLeader {
        /// What happened last.
        why: String,
    },
    /// Raft does not run on this node.
    Stopped,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeader { why } => write!(f, "no leader confirmed the newest state: {why}"),
            Self::Stopped => write!(f, "Raft does not run on this node"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Why the lead was not handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The node does not vote, so that it cannot lead.
    NoVoter(u64),
    /// This node does not know who leads.
    NoLeader,
    /// The leader did not take the request, or the other node did not take the lead.
    Failed(String),
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVoter(id) => write!(f, "node {id} is no voter"),
            Self::NoLeader => write!(f, "no leader is known"),
            Self::Failed(why) => write!(f, "the lead was not handed over: {why}"),
        }
    }
}

impl std::error::Error for TransferError {}

/// Why a call to another node gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerError {
    /// The node was not reached: nothing has happened there.
    Unreachable(String),
    /// Its machine is there, but nothing listens.
    Refused(String),
    /// One of the two did not take the other for what it should be.
    Distrusted(String),
    /// The answer never came: the call may have taken effect.
    Unanswered(String),
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "not reached: {why}"),
            Self::Refused(why) => write!(f, "nothing listens: {why}"),
            Self::Distrusted(why) => write!(f, "no trust: {why}"),
            Self::Unanswered(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl std::error::Error for PeerError {}
