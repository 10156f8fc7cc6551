//! What a node says of the feed.

use super::node::NodeReport;
use serde::{Deserialize, Serialize};

/// What an observer says of the feed that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLine {
    /// Where the node is that it follows; none: nobody is followed.
    pub upstream: Option<String>,
    /// The names of the nodes that the feed came through last, a member first.
    pub path: Vec<String>,
    /// Why the last node that was tried is not followed.
    pub failed: Option<String>,
    /// How often it asked for the whole state anew, for what came did not fit.
    pub resyncs: u64,
    /// The id of the place data that the node decides by which feeds it.
    pub places: Option<String>,
}

/// One line of the answer to `GET /v1/observers`, which the members ask each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestLine {
    /// How long ago the observer said so.
    pub heard_ms_ago: u64,
    /// What it said.
    pub report: NodeReport,
}
