//! Votes of vantages, and the health that follows from them.

use super::agreed::State;
use super::command::ExpireVantage;
use super::reply::{RefusalCode, Reply};
use crate::model::{Config, EndpointId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Verdicts of one vantage that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The node that probes.
    pub node: u64,
    /// Chosen anew at each start of that node, rising; the votes of an earlier one are dropped.
    pub incarnation: u64,
    /// Counts the reports of this incarnation.
    pub seq: u64,
    /// The verdicts that changed: up or down, and why.
    pub changes: Vec<(EndpointId, bool, String)>,
}

/// A node that probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    /// Its current start.
    pub incarnation: u64,
    /// Its last report.
    pub seq: u64,
    /// Whether its votes count.
    pub live: bool,
}

/// The verdict of one vantage on one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Up or down.
    pub up: bool,
    /// Since when, agreed ms since 1970.
    pub since_ms: u64,
    /// What the last probe said.
    pub reason: String,
}

/// What the vantages agree on for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Up or down.
    pub up: bool,
    /// Since when, agreed ms since 1970.
    pub since_ms: u64,
}

/// All votes and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTable {
    /// Who probes, by node.
    pub vantages: BTreeMap<u64, Vantage>,
    /// Votes by endpoint and node.
    pub votes: BTreeMap<EndpointId, BTreeMap<u64, Vote>>,
    /// Agreed health; an endpoint that is not here was never voted on and counts as up.
    pub agreed: BTreeMap<EndpointId, Health>,
}

impl HealthTable {
    /// Whether the vantages agree that an endpoint is up; up while nobody has voted.
    #[must_use]
    pub fn is_up(&self, endpoint: &EndpointId) -> bool {
        self.agreed.get(endpoint).is_none_or(|h| h.up)
    }

    /// Recomputes the health of an endpoint: a strict majority of the live votes decides, else what was stays.
    fn settle(&mut self, endpoint: &EndpointId, now_ms: u64) {
        let Some(votes) = self.votes.get(endpoint) else { return };
        let live = |node: &u64| self.vantages.get(node).is_some_and(|v| v.live);
        let counted: Vec<bool> =
            votes.iter().filter(|(node, _)| live(node)).map(|(_, v)| v.up).collect();
        let ups = counted.iter().filter(|up| **up).count();
        let downs = counted.len() - ups;
        let up = match ups.cmp(&downs) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => return,
        };
        if self.agreed.get(endpoint).is_none_or(|h| h.up != up) {
            self.agreed.insert(endpoint.clone(), Health { up, since_ms: now_ms });
        }
    }

    /// Drops the votes of a node and settles what they were about.
    fn drop_votes(&mut self, node: u64, now_ms: u64) {
        let touched: Vec<EndpointId> = self
            .votes
            .iter_mut()
            .filter_map(|(id, votes)| votes.remove(&node).map(|_| id.clone()))
            .collect();
        for endpoint in touched {
            self.settle(&endpoint, now_ms);
        }
    }

    /// Drops every vote and vantage; agreed health stays as it was.
    pub(super) fn forget_votes(&mut self) {
        self.vantages.clear();
        self.votes.clear();
    }

    /// Drops what a new configuration no longer probes; an endpoint that is probed another way keeps its last health.
    pub(super) fn follow(&mut self, old: &Config, new: &Config) {
        let (old, new) = (old.endpoint_index(), new.endpoint_index());
        let probed = |id: &EndpointId| new.get(id).is_some_and(|(pool, _)| pool.monitor.is_some());
        let same = |id: &EndpointId| match (old.get(id), new.get(id)) {
            (Some((old_pool, old_endpoint)), Some((new_pool, new_endpoint))) => {
                old_endpoint.target == new_endpoint.target
                    && old_endpoint.probe == new_endpoint.probe
                    && old_pool.monitor == new_pool.monitor
            }
            _ => false,
        };
        self.agreed.retain(|id, _| probed(id));
        self.votes.retain(|id, _| probed(id) && same(id));
    }
}

impl State {
    pub(super) fn report_health(&mut self, report: &Report) -> Result<(), Reply> {
        if !self.nodes.contains_key(&report.node) {
            return Err(Reply::refused(
                RefusalCode::NotFound,
                format!("there is no node {}", report.node),
            ));
        }
        let now_ms = self.time_ms;
        let config = self.config.clone();
        let probed = config.endpoint_index();
        let table = Arc::make_mut(&mut self.health);
        match table.vantages.get(&report.node) {
            Some(known) if known.incarnation > report.incarnation => {
                return Err(Reply::refused(
                    RefusalCode::Conflict,
                    "this vantage has started anew since",
                ));
            }
            Some(known) if known.incarnation == report.incarnation && known.seq >= report.seq => {
                return Ok(());
            }
            // Votes of the start before stand until the new start has its own verdict on each endpoint.
            _ => {}
        }
        let vantage = Vantage { incarnation: report.incarnation, seq: report.seq, live: true };
        let was_live = table.vantages.insert(report.node, vantage).is_some_and(|v| v.live);
        let mut touched: BTreeSet<EndpointId> = BTreeSet::new();
        for (endpoint, up, reason) in &report.changes {
            if probed.get(endpoint).is_none_or(|(pool, _)| pool.monitor.is_none()) {
                continue;
            }
            let votes = table.votes.entry(endpoint.clone()).or_default();
            let since_ms =
                votes.get(&report.node).filter(|v| v.up == *up).map_or(now_ms, |v| v.since_ms);
            votes.insert(report.node, Vote { up: *up, since_ms, reason: reason.clone() });
            touched.insert(endpoint.clone());
        }
        if !was_live {
            touched.extend(
                table
                    .votes
                    .iter()
                    .filter(|(_, v)| v.contains_key(&report.node))
                    .map(|(id, _)| id.clone()),
            );
        }
        for endpoint in touched {
            table.settle(&endpoint, now_ms);
        }
        Ok(())
    }

    pub(super) fn expire_vantage(&mut self, expire: &ExpireVantage) -> Result<(), Reply> {
        let now_ms = self.time_ms;
        let stands =
            |v: &Vantage| v.live && v.incarnation == expire.incarnation && v.seq == expire.seq;
        if self.health.vantages.get(&expire.node).is_some_and(stands) {
            let table = Arc::make_mut(&mut self.health);
            if let Some(vantage) = table.vantages.get_mut(&expire.node) {
                vantage.live = false;
            }
            table.drop_votes(expire.node, now_ms);
        }
        Ok(())
    }

    pub(super) fn forget_vantage(&mut self, node: u64) {
        let now_ms = self.time_ms;
        let table = Arc::make_mut(&mut self.health);
        table.vantages.remove(&node);
        table.drop_votes(node, now_ms);
    }
}
