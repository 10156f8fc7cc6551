//! What went wrong, for programs and people.

use gslb_consensus::model::Fault;
use serde::{Deserialize, Serialize};

/// The body of every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// For programs; the names are stable.
    pub code: String,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// Each fault of what was sent, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Who leads, where that would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<Box<LeaderHint>>,
}

/// Who leads the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderHint {
    /// Its number.
    pub id: u64,
    /// Its name and API address, if the agreed state has it.
    pub name: Option<String>,
    /// `host:port` of its API.
    pub api: Option<String>,
}
