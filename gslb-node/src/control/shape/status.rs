//! The whole cluster at a glance.

use super::health::OverrideLine;
use super::node::{NodeLine, NodeReport};
use super::read::ReadLabel;
use super::revision;
use gslb_consensus::state::{Generation, Revision};
use serde::{Deserialize, Serialize};

/// The answer to `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReply {
    /// The cluster's name.
    pub cluster: String,
    /// The node that was asked.
    pub asked: u64,
    /// The agreed state that it has.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// How current that is.
    #[serde(flatten)]
    pub read: ReadLabel,
    /// Agreed time: that of the last change.
    pub time_ms: u64,
    /// The asked node's clock, but never before agreed time: ages are told by it.
    pub now_ms: u64,
    /// Who leads.
    pub leader: Option<u64>,
    /// Where the configuration last changed: what `apply --expect` takes.
    #[serde(with = "revision")]
    pub config: Revision,
    /// The generation of stored formats that is written; what a later one brings is refused.
    #[serde(default)]
    pub generation: Generation,
    /// Every node.
    pub nodes: Vec<NodeStatus>,
    /// Every region.
    pub regions: Vec<RegionStatus>,
    /// Every override.
    pub overrides: Vec<OverrideLine>,
    /// What an operator should look at; empty when all is well.
    pub warnings: Vec<String>,
}

/// One node, as far as it was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// What the cluster knows of it.
    #[serde(flatten)]
    pub node: NodeLine,
    /// Whether it was heard within the last 5 s.
    pub heard: bool,
    /// How long ago it was last heard; none: not since the asked node started.
    pub heard_ms_ago: Option<u64>,
    /// What it said then.
    pub report: Option<NodeReport>,
}

/// One region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionStatus {
    /// Its id.
    pub id: String,
    /// `up`: up in every pool; `partial`: in some; `down`: in none;
    /// `drained`, `forced down`: in none, by an operator; `unused`: it has no endpoint.
    pub state: String,
    /// The weight that counts in pools without one of their own.
    pub weight: u16,
    /// What the file declares.
    pub declared: u16,
    /// The weight set at run time, if one is.
    pub runtime: Option<RuntimeWeightLine>,
    /// What an operator says over its health.
    pub overridden: Option<OverrideLine>,
    /// By pool.
    pub pools: Vec<RegionPool>,
    /// Steered answers within the last minute, of all nodes heard.
    pub answers_last_minute: u64,
    /// Its part of all steered answers within the last minute, percent; none: there were none.
    pub share_percent: Option<f64>,
}

/// A region within one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionPool {
    /// The pool.
    pub pool: String,
    /// The weight that counts in it.
    pub weight: u16,
    /// The weight set at run time for this pool only, if one is.
    pub runtime: Option<RuntimeWeightLine>,
    /// Endpoints that are given out.
    pub up: usize,
    /// Endpoints.
    pub of: usize,
    /// How many must be up.
    pub min_healthy: u16,
    /// Whether as many are.
    pub is_up: bool,
}

/// A weight set at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeWeightLine {
    /// The weight.
    pub weight: u16,
    /// Who set it.
    pub actor: String,
    /// When.
    pub at_ms: u64,
    /// Where it was set: what `set-weight --expect` takes.
    #[serde(with = "revision")]
    pub changed: Revision,
}
