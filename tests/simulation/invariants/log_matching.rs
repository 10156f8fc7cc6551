//! Log matching: two logs with the same entry hold the same, and agree on all before it.
//!
//! Raft paper 3.5, by induction: an entry of one leader at one index has one content, and one entry
//! before it, on every node and at every time.

use super::Invariant;
use crate::observer::Moment;
use gslb_consensus::raft::simulation::Line;
use std::collections::BTreeMap;

/// The leader that wrote an entry, and its index.
type Place = ((u64, u64), u64);

/// What every entry held that any log was seen to have, and what was before it.
#[derive(Default)]
pub(super) struct LogMatching {
    content: BTreeMap<Place, (u32, u64)>,
    before: BTreeMap<Place, ((u64, u64), u64)>,
}

impl Invariant for LogMatching {
    fn name(&self) -> &'static str {
        "log matching"
    }

    fn look(&mut self, moment: &Moment) -> Result<(), String> {
        for (id, seen) in moment.nodes {
            let Some(sight) = &seen.sight else { continue };
            let mut before: Option<&Line> = None;
            for line in &sight.log {
                let place = (line.leader, line.index);
                let (content, first) = *self.content.entry(place).or_insert((line.content, *id));
                if content != line.content {
                    return Err(format!("entry {place:?} differs on nodes {first} and {id}"));
                }
                if let Some(before) = before {
                    if before.index + 1 != line.index {
                        return Err(format!("node {id} has a hole after entry {}", before.index));
                    }
                    let (leader, first) = *self.before.entry(place).or_insert((before.leader, *id));
                    if leader != before.leader {
                        return Err(format!(
                            "what is before entry {place:?} differs on nodes {first} and {id}"
                        ));
                    }
                }
                before = Some(line);
            }
        }
        Ok(())
    }
}
