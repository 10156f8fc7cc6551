//! Why a node that was tried does not feed this one.

use std::fmt;

use crate::feed::FeedFault;

/// Why a node that was tried does not feed this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowError {
    /// It was not reached, or the stream ended.
    Lost(String),
    /// It answered that it will not.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why.
        why: String,
    },
    /// It is of another cluster, feeds on what came from here, or is too far from a member.
    Unfit(String),
    /// It is cut off itself, longer than others may be.
    CutOff,
    /// The state that it sends cannot be put together.
    Fault(FeedFault),
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => f.write_str(why),
            Self::Refused { status, why } => write!(f, "refused ({status}): {why}"),
            Self::Unfit(why) => f.write_str(why),
            Self::CutOff => f.write_str("it is cut off from the quorum itself"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for FollowError {}
