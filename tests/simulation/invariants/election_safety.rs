//! Election safety: a leader leads once under its vote, and no vote is ever taken back.
//!
//! openraft orders leaders by (term, node) and lets a term see more than one (Raft paper 3.6.3 has one a
//! term); a node that starts again does not go on leading under the vote that it had.

use super::Invariant;
use crate::observer::Moment;
use std::collections::BTreeMap;

/// Term and node.
type Vote = (u64, u64);

/// Which node leads under which vote, and the last vote of each node.
pub(super) struct ElectionSafety {
    liar: Option<u64>,
    /// The node and the start of it that led under each vote.
    leaders: BTreeMap<Vote, (u64, u64)>,
    votes: BTreeMap<u64, Vote>,
}

impl ElectionSafety {
    pub(super) fn new(liar: Option<u64>) -> Self {
        Self { liar, leaders: BTreeMap::new(), votes: BTreeMap::new() }
    }
}

impl Invariant for ElectionSafety {
    fn name(&self) -> &'static str {
        "election safety"
    }

    fn look(&mut self, moment: &Moment) -> Result<(), String> {
        for (id, seen) in moment.nodes {
            let Some(sight) = &seen.sight else { continue };
            let before = self.votes.insert(*id, sight.vote);
            if let Some(before) = before
                && before > sight.vote
                && self.liar != Some(*id)
            {
                return Err(format!("node {id} voted {before:?}, and now {:?}", sight.vote));
            }
            if !sight.leads {
                continue;
            }
            if sight.vote.1 != *id {
                return Err(format!("node {id} leads under the vote {:?}", sight.vote));
            }
            let led = *self.leaders.entry(sight.vote).or_insert((*id, seen.start));
            if led != (*id, seen.start) {
                let now = seen.start;
                return Err(format!(
                    "node {id} leads under {:?} in its start {now}, as node {} did in its start {}",
                    sight.vote, led.0, led.1
                ));
            }
        }
        Ok(())
    }
}
