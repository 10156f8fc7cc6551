//! What operators send to change weights and overrides.

use gslb_consensus::model::{PoolId, RegionId};
use gslb_consensus::state::OverrideKind;
use serde::{Deserialize, Serialize};

/// `POST /v1/weights`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightRequest {
    /// The region.
    pub region: RegionId,
    /// For this pool only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolId>,
    /// The weight, 0 to 1000; none clears it, so that what the file declares counts again.
    pub weight: Option<u16>,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Refused unless the runtime weight was set at this revision; `none`: unless none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

/// `POST /v1/overrides`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// A region's or an endpoint's id.
    pub target: String,
    /// What is said.
    pub kind: OverrideWord,
    /// Why; required.
    pub reason: String,
    /// For how long, as `30m`; at most 72h.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
    /// Until it is cleared; instead of `for`.
    #[serde(default)]
    pub permanent: bool,
    /// Refused unless the target's override was set at this revision; `none`: unless none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

/// `DELETE /v1/overrides/{target}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearRequest {
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Refused unless the override was set at this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

/// What an override says, as the API writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideWord {
    /// Counts as up whatever probes say.
    ForceUp,
    /// Counts as down whatever probes say.
    ForceDown,
    /// Is given to nobody new.
    Drain,
}

impl From<OverrideWord> for OverrideKind {
    fn from(word: OverrideWord) -> Self {
        match word {
            OverrideWord::ForceUp => Self::ForceUp,
            OverrideWord::ForceDown => Self::ForceDown,
            OverrideWord::Drain => Self::Drain,
        }
    }
}

impl From<OverrideKind> for OverrideWord {
    fn from(kind: OverrideKind) -> Self {
        match kind {
            OverrideKind::ForceUp => Self::ForceUp,
            OverrideKind::ForceDown => Self::ForceDown,
            OverrideKind::Drain => Self::Drain,
        }
    }
}
