//! The answer to a change.

use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// A change was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Nodes that serve this revision or a later one follow the change.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// What was done, in words.
    pub change: String,
    /// What the caller should know about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
