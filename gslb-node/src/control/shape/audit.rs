//! Who changed what.

use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// Who changed what, newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReply {
    /// The accepted changes.
    pub entries: Vec<AuditLine>,
}

/// One accepted change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Where it applied.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// When.
    pub at_ms: u64,
    /// Who asked.
    pub actor: String,
    /// What.
    pub change: String,
    /// Why.
    pub reason: String,
}
