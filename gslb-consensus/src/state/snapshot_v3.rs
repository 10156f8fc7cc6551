//! Format 3 of the state: it knew no generations.
//!
//! Written too: a cluster of generation 1 may have members of a version that reads nothing newer. What
//! it leaves out is what only generation 2 can fill. Types that are not here are as they were: who
//! changes the bytes of one keeps the old one here.

use super::access::Access;
use super::agreed::State;
use super::audit::Audit;
use super::generation::Generation;
use super::health::HealthTable;
use super::node_record::NodeRecord;
use super::overrides::{Override, OverrideTarget};
use super::roster::Roster;
use super::session::Sessions;
use super::weights::Weights;
use crate::model::{Config, DnsName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state in format 3.
#[derive(Serialize, Deserialize)]
pub(super) struct StateV3 {
    pub(super) history: u32,
    pub(super) index: u64,
    pub(super) time_ms: u64,
    pub(super) config: Arc<Config>,
    pub(super) config_index: u64,
    pub(super) serials: Arc<BTreeMap<DnsName, u32>>,
    pub(super) weights: Arc<Weights>,
    pub(super) overrides: Arc<BTreeMap<OverrideTarget, Override>>,
    pub(super) health: Arc<HealthTable>,
    pub(super) nodes: Arc<BTreeMap<u64, NodeRecord>>,
    pub(super) last_node_id: u64,
    pub(super) sessions: Arc<Sessions>,
    pub(super) audit: Arc<Audit>,
    pub(super) access: Arc<Access>,
    pub(super) roster: Arc<Roster>,
}

impl StateV3 {
    /// What generation 1 can hold of a state; the parts are shared.
    pub(super) fn of(state: &State) -> Self {
        Self {
            history: state.history,
            index: state.index,
            time_ms: state.time_ms,
            config: Arc::clone(&state.config),
            config_index: state.config_index,
            serials: Arc::clone(&state.serials),
            weights: Arc::clone(&state.weights),
            overrides: Arc::clone(&state.overrides),
            health: Arc::clone(&state.health),
            nodes: Arc::clone(&state.nodes),
            last_node_id: state.last_node_id,
            sessions: Arc::clone(&state.sessions),
            audit: Arc::clone(&state.audit),
            access: Arc::clone(&state.access),
            roster: Arc::clone(&state.roster),
        }
    }
}

impl From<StateV3> for State {
    fn from(v3: StateV3) -> Self {
        Self {
            history: v3.history,
            index: v3.index,
            time_ms: v3.time_ms,
            config: v3.config,
            config_index: v3.config_index,
            serials: v3.serials,
            weights: v3.weights,
            overrides: v3.overrides,
            health: v3.health,
            nodes: v3.nodes,
            last_node_id: v3.last_node_id,
            sessions: v3.sessions,
            audit: v3.audit,
            access: v3.access,
            roster: v3.roster,
            joining: Arc::default(),
            generation: Generation::FIRST,
            observers: Arc::default(),
        }
    }
}
