//! Why a client gets the answer that it gets.

use super::node::PlaceEdition;
use super::revision;
use crate::compile::explain::Explanation;
use gslb_consensus::state::Revision;
use serde::{Deserialize, Serialize};

/// The parameters of `GET /v1/explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainParams {
    /// The name that is asked for.
    pub name: String,
    /// The client's address; of a prefix, its first address counts.
    pub client: String,
    /// The type that is asked for; `A` or `AAAA` by the client's family if none.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub rtype: Option<String>,
}

/// The answer to `GET /v1/explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainReply {
    /// The name that was asked for.
    pub name: String,
    /// The type that was asked for.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The client.
    pub client: String,
    /// The node that tells.
    pub node: String,
    /// The agreed state that this was told from.
    #[serde(with = "revision")]
    pub revision: Revision,
    /// The zone that answers; none: the nodes refuse the name.
    pub zone: Option<String>,
    /// What decides the answer.
    pub kind: AnswerKind,
    /// In one sentence.
    pub summary: String,
    /// The place data that was used.
    pub places: PlaceEdition,
    /// For each filter in turn, why each region stands where it does.
    pub reasons: Vec<StepReasons>,
    /// The decision of a steered name, step by step.
    pub decision: Option<Explanation>,
    /// The records of a static name, as in a zone file.
    pub records: Vec<String>,
}

/// What decides an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// A policy, for each client.
    Steered,
    /// The records of a zone, the same for everybody.
    Static,
    /// Nothing: the name lies in no zone of the nodes and is refused.
    Outside,
}

/// Why each region stands where it does after one filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReasons {
    /// The filter's word.
    pub filter: String,
    /// A line for each region.
    pub regions: Vec<RegionReason>,
}

/// Why one region stands where it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionReason {
    /// Its id.
    pub region: String,
    /// Whether it is in the best tier that this filter left.
    pub kept: bool,
    /// Why.
    pub why: String,
}
