//! The rules that hold for every state and every membership, whoever asked for what.

use super::Invariant;
use crate::observer::{Moment, Published};
use std::collections::{BTreeMap, BTreeSet};

/// How long ago a voter may have been seen that counts as heard, ms: the leader takes no vote if what is
/// left was not heard to be a majority, and a change may take as long as it waits for one.
const HEARD_MS: u64 = 15_000;

/// The membership as last seen committed, and when each node was last seen to run.
#[derive(Default)]
pub(super) struct SafetyRules {
    voters: BTreeSet<u64>,
    /// By log index, so that a node that is behind is no change.
    upto: u64,
    seen_ms: BTreeMap<u64, u64>,
}

impl SafetyRules {
    /// Judges a change of the voters.
    fn change(&mut self, voters: BTreeSet<u64>, at_ms: u64) -> Result<(), String> {
        let before = std::mem::replace(&mut self.voters, voters);
        let now = &self.voters;
        if before.is_empty() {
            return Ok(());
        }
        let gone: Vec<u64> = before.difference(now).copied().collect();
        let new: Vec<u64> = now.difference(&before).copied().collect();
        if now.is_empty() {
            return Err("there is no voter".to_owned());
        }
        if gone.is_empty() {
            return Ok(());
        }
        let heard = |id: &&u64| {
            self.seen_ms.get(id).is_some_and(|seen| at_ms.saturating_sub(*seen) <= HEARD_MS)
        };
        if now.iter().filter(heard).count() <= now.len() / 2 {
            return Err(format!(
                "{gone:?} vote no more, {new:?} do: of {now:?} too few were heard lately"
            ));
        }
        Ok(())
    }
}

impl Invariant for SafetyRules {
    fn name(&self) -> &'static str {
        "safety rules"
    }

    fn look(&mut self, moment: &Moment) -> Result<(), String> {
        for (id, seen) in moment.nodes {
            let Some(sight) = &seen.sight else { continue };
            self.seen_ms.insert(*id, moment.at_ms);
            let committed = sight.committed.map_or(0, |line| line.index);
            // Of the leader alone: it is the one that changes the members.
            if !sight.leads || committed < self.upto {
                continue;
            }
            self.upto = committed;
            let voters: BTreeSet<u64> = sight.voters.iter().copied().collect();
            if voters != self.voters {
                self.change(voters, moment.at_ms)?;
            }
        }
        Ok(())
    }

    fn published(&mut self, published: &Published) -> Result<(), String> {
        let state = published.state;
        let node = published.node;
        for (target, one) in state.overrides.iter() {
            if one.expires_ms.is_some_and(|at| at <= state.time_ms) {
                return Err(format!("on node {node} the override on {target} has ended"));
            }
        }
        if state.nodes.keys().any(|id| *id > state.last_node_id) {
            return Err(format!("node {node} knows a node whose number was never given"));
        }
        if let Some(id) = state
            .health
            .votes
            .values()
            .flat_map(|votes| votes.keys())
            .find(|id| !state.nodes.contains_key(id))
        {
            return Err(format!("on node {node} the vote of {id} counts, which is no node"));
        }
        Ok(())
    }
}
