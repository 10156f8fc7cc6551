//! Sending and reading the declared configuration.

use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// The parameters of `PUT /v1/config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigParams {
    /// Refused unless the configuration last changed at this log index or revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Read, check and compare, but change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// The answer to `PUT /v1/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigApplied {
    /// Whether nothing was sent to the cluster.
    pub dry_run: bool,
    /// Nodes that serve this revision or a later one follow it; of a dry run: what it was compared with.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// Every object that differs from before.
    pub changes: Vec<ObjectChange>,
    /// What the caller should know, such as runtime weights that stand over the file's.
    pub notes: Vec<String>,
}

/// One object that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// Added, changed or removed.
    pub change: ChangeKind,
    /// Its path, as `pools[web]`.
    pub path: String,
    /// What differs, by line of the canonical form, each with `-` or `+` before it; long ones are cut.
    pub lines: Vec<String>,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is another now.
    Changed,
    /// It is there no more.
    Removed,
}
