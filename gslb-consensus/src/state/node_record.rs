//! What the cluster knows of a node.

use serde::{Deserialize, Serialize};

/// What the cluster knows of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its name, unique, for people.
    pub name: String,
    /// Where the other nodes reach it, `host:port`.
    pub raft: String,
    /// Where operators and other nodes reach its API, `host:port`.
    pub api: String,
}
