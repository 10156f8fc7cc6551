//! Waiting until the nodes serve a revision.

use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// The parameters of `GET /v1/wait`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitParams {
    /// The revision, as `1.42`.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// For how long, as `10s`; at most 5m.
    #[serde(default = "ten_seconds")]
    pub timeout: String,
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

/// The parameters of `GET /v1/node`: without any it answers at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeParams {
    /// Answer only once this revision is served.
    #[serde(default)]
    pub at_least: Option<String>,
    /// But no later than after so long, ms; at most 3000.
    #[serde(default)]
    pub wait_ms: u64,
}

/// The answer to `GET /v1/wait`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitReply {
    /// Whether every node heard from within 5 s serves it.
    pub done: bool,
    /// What was waited for.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// How long it took.
    pub waited_ms: u64,
    /// The names of the nodes that serve it.
    pub serving: Vec<String>,
    /// Nodes that were heard but do not serve it yet.
    pub behind: Vec<NodeBehind>,
    /// The names of the nodes that were not heard for 5 s: nobody waited for them.
    pub silent: Vec<String>,
}

/// A node that does not serve a revision yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeBehind {
    /// Its name.
    pub name: String,
    /// What it served when it was last heard, as `1.41`.
    pub served: Option<String>,
}
