//! Commit and apply go forward: within a start of a node neither ever goes back.

use super::Invariant;
use crate::observer::{Moment, Published};
use std::collections::BTreeMap;

/// How far each start of each node had committed and published.
#[derive(Default)]
pub(super) struct CommitMonotonic {
    published: BTreeMap<(u64, u64), u64>,
}

impl Invariant for CommitMonotonic {
    fn name(&self) -> &'static str {
        "commit monotonic"
    }

    fn look(&mut self, moment: &Moment) -> Result<(), String> {
        for (id, seen) in moment.nodes {
            let Some(sight) = &seen.sight else { continue };
            let end = sight.last.or(sight.purged.map(|line| line.index));
            let committed = sight.committed.map(|line| line.index);
            let applied = sight.applied.map(|line| line.index);
            if applied > committed.max(sight.purged.map(|line| line.index)) {
                return Err(format!("node {id} applied {applied:?}, committed is {committed:?}"));
            }
            if applied > end {
                return Err(format!("node {id} applied {applied:?}, its log ends at {end:?}"));
            }
        }
        Ok(())
    }

    fn published(&mut self, published: &Published) -> Result<(), String> {
        let key = (published.node, published.start);
        let index = published.state.index;
        let before = self.published.insert(key, index).unwrap_or(0);
        if before > index {
            return Err(format!("node {} went from {before} back to {index}", published.node));
        }
        Ok(())
    }
}
