//! Endpoints by vantage.

use super::change::OverrideWord;
use super::read::ReadLabel;
use super::revision;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// The answer to `GET /v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReply {
    /// The agreed state that this was read from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// How current that is.
    #[serde(flatten)]
    pub read: ReadLabel,
    /// Agreed time: that of the last change.
    pub time_ms: u64,
    /// The asked node's clock, but never before agreed time: ages are told by it.
    pub now_ms: u64,
    /// The nodes that probe.
    pub vantages: Vec<VantageLine>,
    /// Every endpoint.
    pub endpoints: Vec<EndpointHealth>,
    /// Every override.
    pub overrides: Vec<OverrideLine>,
}

/// A node that probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VantageLine {
    /// Its number.
    pub node: u64,
    /// Its name.
    pub name: String,
    /// Whether its votes count.
    pub live: bool,
}

/// One endpoint and what every vantage says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointHealth {
    /// Its id.
    pub id: String,
    /// Its pool.
    pub pool: String,
    /// Its region.
    pub region: String,
    /// Its address or alias host.
    pub target: String,
    /// `up`, `down`, `drained` or `forced down`.
    pub state: String,
    /// Why it is in that state.
    pub why: String,
    /// What the vantages agree on, whatever an override says; none: nobody has voted.
    pub agreed_up: Option<bool>,
    /// Since when they do.
    pub since_ms: Option<u64>,
    /// What each vantage says.
    pub votes: Vec<VoteLine>,
}

/// What one vantage says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteLine {
    /// The node.
    pub node: u64,
    /// Its verdict.
    pub up: bool,
    /// Since when.
    pub since_ms: u64,
    /// What its last probe said.
    pub reason: String,
}

/// One override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideLine {
    /// `region` or `endpoint`.
    pub scope: String,
    /// Its id.
    pub target: String,
    /// What is said.
    pub kind: OverrideWord,
    /// Why.
    pub reason: String,
    /// Who said it.
    pub owner: String,
    /// Since when.
    pub since_ms: u64,
    /// When it ends; none: when it is cleared.
    pub expires_ms: Option<u64>,
    /// Where it was set: what `--expect` takes.
    #[serde(with = "revision")]
    pub changed: Revision,
}
