//! Who does not hear whom, whose way to whom is long, and what to do.
//!
//! ```text
//!  not heard by the asked node:  added, never joined --> start it
//!                                heard by others     --> the way between is cut
//!                                by nobody           --> refused: not running; silent: frozen, down, cut off
//!  heard by the asked node, not by another one       --> the way between is cut
//! ```

use super::members::{Members, span_words};
use crate::control::shape::{Miss, NodeStatus, Way};
use gslb_consensus::raft::Timers;
use std::collections::BTreeMap;
use std::time::Duration;

impl Members<'_> {
    /// Which nodes do not hear each other, and why as far as that can be told.
    pub(super) fn silence(&self) -> Vec<String> {
        let mut told: Vec<String> = self.nodes.iter().filter_map(|n| self.missing(n)).collect();
        told.extend(self.cut_ways());
        told.extend(self.long_ways());
        told
    }

    /// What is said of a node that nobody hears.
    fn missing(&self, status: &NodeStatus) -> Option<String> {
        let (id, name) = (status.node.id, &status.node.name);
        if status.heard || self.is_heard_by_another(id) {
            return None;
        }
        if status.node.member == "added" {
            return Some(format!("node {name} was added but has not joined: start it"));
        }
        let since = match status.heard_ms_ago {
            Some(ms) => format!("was not heard for {}", span_words(ms / 1_000)),
            None => "was never heard".to_owned(),
        };
        let address = self.address(id);
        let asked = self.reports().find(|report| report.id == self.raft.node_id);
        let why = match asked.and_then(|report| report.ways.get(&id)) {
            Some(Way { missed: Some(Miss::Refused), .. }) => format!(
                "{address} refuses connections, so gslb-node does not run there. Start it; if it \
                 ends at once, its log says why (exit code 3: gslb-node data verify)"
            ),
            Some(Way { missed: Some(Miss::Distrust), why, .. }) => format!(
                "{address} is there, but certificates do not fit ({}). Look at the clocks and the \
                 identity folders of both",
                why.as_deref().unwrap_or("no reason given")
            ),
            _ => format!(
                "nothing comes back from {address}: its machine is down or frozen, or the network \
                 between is cut. Look at the machine, then at routes and firewalls"
            ),
        };
        Some(format!("node {name} {since}: {why}"))
    }

    /// Ways that carry nothing although both ends are alive.
    fn cut_ways(&self) -> Vec<String> {
        let mut told = Vec::new();
        for report in self.reports() {
            for (id, way) in report.ways.iter().filter(|(_, way)| !way.heard) {
                let alive = self.hears(*id) || self.is_heard_by_another(*id);
                if way.missed.is_none() || !alive {
                    continue;
                }
                let (from, to, address) = (&report.name, self.name(*id), self.address(*id));
                told.push(format!(
                    "node {from} gets no answer from {to} ({address}), although others do: the way \
                     from {from} to {to} is cut. Look at routes and firewalls between the two"
                ));
            }
        }
        told
    }

    /// Ways that are longer than the timers allow for.
    fn long_ways(&self) -> Option<String> {
        let limit = self.timers.longest_round_trip();
        let mut long: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for report in self.reports() {
            for (id, way) in report.ways.iter().filter(|(_, way)| way.heard) {
                let ends = (report.id.min(*id), report.id.max(*id));
                let Some(ms) = way.rtt_ms.filter(|ms| Duration::from_millis(*ms) > limit) else {
                    continue;
                };
                let longest = long.entry(ends).or_default();
                *longest = ms.max(*longest);
            }
        }
        let worst = *long.values().max()?;
        let way = |((a, b), ms): (&(u64, u64), &u64)| {
            format!("{} and {} {ms} ms", self.name(*a), self.name(*b))
        };
        let ways = long.iter().map(way).collect::<Vec<_>>().join(", ");
        let (timers, limit) = (self.timers.name(), limit.as_millis());
        let patient = match Timers::for_round_trip(Duration::from_millis(worst)) {
            Some(fit) => format!("set timers = \"{}\" in [raft] of every node", fit.name()),
            None => "let these nodes be no voters (gslbctl node demote)".to_owned(),
        };
        Some(format!(
            "a round trip takes long between {ways}; the timers \"{timers}\" are for at most {limit} \
             ms, and leaders may change without need. Look at the network, or {patient}"
        ))
    }

    /// Whether a node that is heard hears this one, if the asked one does not.
    fn is_heard_by_another(&self, id: u64) -> bool {
        self.reports().any(|report| report.ways.get(&id).is_some_and(|way| way.heard))
    }
}
