//! Leader completeness: who comes to lead has every entry that was committed before.
//!
//! Raft paper 3.6.3. With it: what is committed at an index is one entry, for ever (state machine
//! safety, 3.6.3), and lies on a majority when that is first seen.

use super::Invariant;
use crate::observer::{Moment, Seen};
use gslb_consensus::raft::simulation::Line;
use std::collections::{BTreeMap, BTreeSet};

/// The committed log as far as it was seen, and who led at the last look.
#[derive(Default)]
pub(super) struct LeaderCompleteness {
    committed: BTreeMap<u64, Line>,
    /// How far it was known before this look.
    known: Option<u64>,
    /// What leads, by node, at the last look: start and vote.
    led: BTreeMap<u64, (u64, (u64, u64))>,
    /// Nodes whose Raft was seen to run at the last look, and that did not lead.
    idle: BTreeSet<u64>,
}

impl LeaderCompleteness {
    /// Whether a new leader's log has all that was committed at the last look.
    fn check_leader(&self, id: u64, seen: &Seen) -> Result<(), String> {
        let (Some(sight), Some(known)) = (&seen.sight, self.known) else { return Ok(()) };
        if sight.last.or(sight.purged.map(|line| line.index)) < Some(known) {
            return Err(format!(
                "node {id} leads under {:?} with a log up to {:?}; committed was {known}",
                sight.vote, sight.last
            ));
        }
        self.check_lines(id, &sight.log, known)
    }

    /// Whether the entries of a node are those that are committed, up to an index.
    fn check_lines(&self, id: u64, log: &[Line], upto: u64) -> Result<(), String> {
        for line in log.iter().take_while(|line| line.index <= upto) {
            if let Some(wanted) = self.committed.get(&line.index)
                && wanted != line
            {
                return Err(format!("node {id} has {line:?}, but {wanted:?} was committed"));
            }
        }
        Ok(())
    }
}

impl Invariant for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader completeness"
    }

    fn look(&mut self, moment: &Moment) -> Result<(), String> {
        let mut led = BTreeMap::new();
        for (id, seen) in moment.nodes {
            let Some(sight) = &seen.sight else { continue };
            if sight.leads {
                led.insert(*id, (seen.start, sight.vote));
                if self.idle.contains(id) {
                    self.check_leader(*id, seen)?;
                }
            }
            let Some(committed) = sight.committed else { continue };
            self.check_lines(*id, &sight.log, committed.index)?;
            for line in sight.log.iter().take_while(|line| line.index <= committed.index) {
                self.committed.entry(line.index).or_insert(*line);
            }
        }
        self.idle = moment
            .nodes
            .iter()
            .filter(|(id, seen)| seen.sight.is_some() && !led.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        self.led = led;
        self.known = self.committed.last_key_value().map(|(index, _)| *index);
        Ok(())
    }
}
