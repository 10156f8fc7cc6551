//! Why a node could not join.

use gslb_consensus::identity::IdentityError;
use gslb_consensus::model::Faults;
use std::fmt;

/// Why a node could not join; each says what to do.
#[derive(Debug)]
pub enum JoinError {
    /// The node's own file is wrong.
    Config(Faults),
    /// The token file is wrong, or is of another cluster or node.
    Token(String),
    /// The identity folder cannot be used.
    Identity(IdentityError),
    /// A file cannot be written.
    File(String),
    /// No node was reached.
    Unreachable(String),
    /// A node answered, and refused.
    Refused(String),
}

impl JoinError {
    /// 1: try again later; 2: what was given is wrong.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Token(_) | Self::Identity(_) => 2,
            Self::File(_) | Self::Unreachable(_) | Self::Refused(_) => 1,
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(faults) => faults.fmt(f),
            Self::Token(why) => write!(f, "the token file cannot be used: {why}"),
            Self::Identity(error) => write!(f, "the identity folder cannot be used: {error}"),
            Self::File(why) => f.write_str(why),
            Self::Unreachable(why) => write!(f, "no node of the cluster lets this one in: {why}"),
            Self::Refused(why) => write!(f, "the cluster refuses this node: {why}"),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<IdentityError> for JoinError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}
