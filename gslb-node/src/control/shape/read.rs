//! How current an answer is.

use serde::{Deserialize, Serialize};

/// Which state a request reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// What the asked node has, at once and always: as old as the answer says.
    #[default]
    Local,
    /// With all that was accepted before the request; fails without a quorum.
    Linearizable,
}

/// The parameter of requests that read the agreed state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadParams {
    /// Which state to read.
    #[serde(default)]
    pub consistency: Consistency,
}

/// How current an answer is, beside its revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadLabel {
    /// Which state was read.
    pub consistency: Consistency,
    /// All that was accepted longer ago than this is in it; none: the node has not met a quorum since
    /// it started, and the state is as old as it is.
    pub age_ms: Option<u64>,
}
