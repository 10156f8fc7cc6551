//! The agreed state.

use super::access::Access;
use super::audit::Audit;
use super::generation::Generation;
use super::health::HealthTable;
use super::joining::Joining;
use super::node_record::NodeRecord;
use super::observer_record::ObserverRecord;
use super::overrides::{Override, OverrideTarget};
use super::revision::Revision;
use super::roster::Roster;
use super::session::Sessions;
use super::weights::Weights;
use crate::model::{Config, DnsName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that the nodes agree on. Its parts are shared, so that a copy costs a few counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Counts restores of the cluster.
    pub history: u32,
    /// Log index of the last command applied.
    pub index: u64,
    /// Agreed time, ms since 1970; never goes back.
    pub time_ms: u64,
    /// The declared configuration.
    pub config: Arc<Config>,
    /// Log index at which the configuration last changed.
    pub config_index: u64,
    /// SOA serial of each zone.
    pub serials: Arc<BTreeMap<DnsName, u32>>,
    /// Weights set at run time.
    pub weights: Arc<Weights>,
    /// What operators say over health.
    pub overrides: Arc<BTreeMap<OverrideTarget, Override>>,
    /// Votes and agreed health.
    pub health: Arc<HealthTable>,
    /// The nodes by id.
    pub nodes: Arc<BTreeMap<u64, NodeRecord>>,
    /// The largest node id ever given.
    pub last_node_id: u64,
    /// The last reply to each sender.
    pub sessions: Arc<Sessions>,
    /// The newest accepted changes.
    pub audit: Arc<Audit>,
    /// Who may do what.
    pub access: Arc<Access>,
    /// What is wanted of each node.
    pub roster: Arc<Roster>,
    /// How nodes come in by themselves.
    pub joining: Arc<Joining>,
    /// Which formats are written.
    pub generation: Generation,
    /// The observers by id; they share the numbers of the nodes.
    pub observers: Arc<BTreeMap<u64, ObserverRecord>>,
}

impl State {
    /// Which agreed state this is.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision { history: self.history, index: self.index }
    }
}
