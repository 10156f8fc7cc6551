//! Format 2 of the state: it knew no users and no tokens, and its audit trail was no chain.
//!
//! Read, never written. Types that are not here are as they were.

use super::audit::{Audit, AuditEntry};
use super::health::HealthTable;
use super::node_record::NodeRecord;
use super::overrides::{Override, OverrideTarget};
use super::session::Sessions;
use super::snapshot_v3::StateV3;
use super::weights::Weights;
use crate::model::{Config, DnsName};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The state in format 2.
#[derive(Deserialize)]
pub(super) struct StateV2 {
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
    pub(super) audit: AuditV1,
}

/// The audit trail before it was a chain.
#[derive(Deserialize)]
pub(super) struct AuditV1(VecDeque<AuditEntryV1>);

#[derive(Deserialize)]
struct AuditEntryV1 {
    index: u64,
    at_ms: u64,
    actor: String,
    change: String,
    reason: String,
}

impl AuditV1 {
    /// The same records outside of the chain, which begins behind them.
    fn unchained(self, history: u32) -> Arc<Audit> {
        let entry = |old: AuditEntryV1| {
            let AuditEntryV1 { index, at_ms, actor, change, reason } = old;
            AuditEntry { history, index, at_ms, actor, change, reason, ..AuditEntry::default() }
        };
        let entries = self.0.into_iter().map(|old| Arc::new(entry(old))).collect();
        Arc::new(Audit { entries, ..Audit::default() })
    }
}

impl From<StateV2> for StateV3 {
    fn from(v2: StateV2) -> Self {
        Self {
            history: v2.history,
            index: v2.index,
            time_ms: v2.time_ms,
            config: v2.config,
            config_index: v2.config_index,
            serials: v2.serials,
            weights: v2.weights,
            overrides: v2.overrides,
            health: v2.health,
            nodes: v2.nodes,
            last_node_id: v2.last_node_id,
            sessions: v2.sessions,
            audit: v2.audit.unchained(v2.history),
            access: Arc::default(),
            roster: Arc::default(),
        }
    }
}
