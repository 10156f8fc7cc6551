//! Weights that are set at run time.

use super::read::ReadLabel;
use super::revision;
use super::status::RuntimeWeightLine;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// The answer to `GET /v1/weights`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// How current that is.
    #[serde(flatten)]
    pub read: ReadLabel,
    /// The asked node's clock, but never before agreed time: ages are told by it.
    pub now_ms: u64,
    /// Every weight that is set at run time; regions without one have what the file declares.
    pub weights: Vec<WeightLine>,
}

/// The weight of a region, set at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightLine {
    /// The region.
    pub region: String,
    /// For this pool only.
    pub pool: Option<String>,
    /// What the file declared when it was set.
    pub declared: u16,
    /// What was set.
    #[serde(flatten)]
    pub runtime: RuntimeWeightLine,
}
