//! Format 1 of the state: weights and overrides did not tell which change set them.
//!
//! Read, never written. Types that are not here are as they were.

use super::health::HealthTable;
use super::node_record::NodeRecord;
use super::overrides::{Override, OverrideKind, OverrideTarget};
use super::revision::Revision;
use super::session::Sessions;
use super::snapshot_v2::{AuditV1, StateV2};
use super::weights::{RuntimeWeight, Weights};
use crate::model::{Config, DnsName, PoolId, RegionId};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state in format 1.
#[derive(Deserialize)]
pub(super) struct StateV1 {
    history: u32,
    index: u64,
    time_ms: u64,
    config: Arc<Config>,
    config_index: u64,
    serials: Arc<BTreeMap<DnsName, u32>>,
    weights: WeightsV1,
    overrides: BTreeMap<OverrideTarget, OverrideV1>,
    health: Arc<HealthTable>,
    nodes: Arc<BTreeMap<u64, NodeRecord>>,
    last_node_id: u64,
    sessions: Arc<Sessions>,
    audit: AuditV1,
}

#[derive(Deserialize)]
struct WeightsV1 {
    regions: BTreeMap<RegionId, RuntimeWeightV1>,
    pools: BTreeMap<(PoolId, RegionId), RuntimeWeightV1>,
}

#[derive(Deserialize)]
struct RuntimeWeightV1 {
    weight: u16,
    declared: u16,
    actor: String,
    at_ms: u64,
}

#[derive(Deserialize)]
struct OverrideV1 {
    kind: OverrideKind,
    reason: String,
    owner: String,
    since_ms: u64,
    expires_ms: Option<u64>,
}

impl From<StateV1> for StateV2 {
    fn from(v1: StateV1) -> Self {
        // Which change set an object is not known: at the latest, the last one.
        let changed = Revision { history: v1.history, index: v1.index };
        let weight = |w: RuntimeWeightV1| {
            let RuntimeWeightV1 { weight, declared, actor, at_ms } = w;
            RuntimeWeight { weight, declared, actor, at_ms, changed }
        };
        let say = |o: OverrideV1| {
            let OverrideV1 { kind, reason, owner, since_ms, expires_ms } = o;
            Override { kind, reason, owner, since_ms, expires_ms, changed }
        };
        let weights = Weights {
            regions: v1.weights.regions.into_iter().map(|(id, w)| (id, weight(w))).collect(),
            pools: v1.weights.pools.into_iter().map(|(id, w)| (id, weight(w))).collect(),
        };
        let overrides = v1.overrides.into_iter().map(|(target, o)| (target, say(o))).collect();
        Self {
            history: v1.history,
            index: v1.index,
            time_ms: v1.time_ms,
            config: v1.config,
            config_index: v1.config_index,
            serials: v1.serials,
            weights: Arc::new(weights),
            overrides: Arc::new(overrides),
            health: v1.health,
            nodes: v1.nodes,
            last_node_id: v1.last_node_id,
            sessions: v1.sessions,
            audit: v1.audit,
        }
    }
}
