//! Who changed what.

use super::revision;
use gslb_consensus::state::Revision;
use gslb_consensus::trail::Verdict;
use serde::{Deserialize, Serialize};

/// The parameters of `GET /v1/audit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditParams {
    /// Only changes of the time since, as `2h`: back from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// At most so many of the newest; at most 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Who changed what, newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReply {
    /// The asked node's clock, but never before agreed time.
    pub now_ms: u64,
    /// The accepted changes.
    pub entries: Vec<AuditLine>,
}

/// One accepted change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its number in the chain; 0: from before there was one.
    pub number: u64,
    /// Where it applied.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// When.
    pub at_ms: u64,
    /// Who asked.
    pub actor: String,
    /// The role by which it was allowed; empty: the cluster's own act.
    pub role: String,
    /// How the caller proved who it is: `certificate` with the first digits of its SHA-256, `token`, `node`.
    pub proof: String,
    /// The address that asked; empty for nodes.
    pub from: String,
    /// What.
    pub change: String,
    /// Why.
    pub reason: String,
    /// What was changed, as it was before; cut if it is long.
    pub before: String,
    /// The same, as it was afterwards.
    pub after: String,
    /// SHA-256 over this record and all before it.
    pub hash: String,
}

/// The answer to `GET /v1/audit/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// The node whose files were checked.
    pub node: String,
    /// The agreed state that they were compared with.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}
