//! Equal state at equal index: two nodes that applied as much hold the same bytes.

use super::Invariant;
use crate::lab::Lab;
use crate::observer::Published;
use gslb_consensus::state::State;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Every so many entries a state is compared: to write one costs more than all else here.
const EVERY: u64 = 5;

/// The hash of the state after an entry, and who was the first to show it.
#[derive(Default)]
pub(super) struct EqualState {
    seen: BTreeMap<u64, (u64, u64)>,
}

impl EqualState {
    fn compare(&mut self, node: u64, state: &State) -> Result<(), String> {
        let hash = hash(state);
        let (wanted, first) = *self.seen.entry(state.index).or_insert((hash, node));
        if wanted != hash {
            return Err(format!("nodes {first} and {node} differ after entry {}", state.index));
        }
        Ok(())
    }
}

/// A hash of the state's bytes, as a snapshot has them.
fn hash(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.encode().hash(&mut hasher);
    hasher.finish()
}

impl Invariant for EqualState {
    fn name(&self) -> &'static str {
        "equal state"
    }

    fn published(&mut self, published: &Published) -> Result<(), String> {
        if published.state.index.is_multiple_of(EVERY) {
            self.compare(published.node, published.state)?;
        }
        Ok(())
    }

    fn finish(&mut self, lab: &Lab) -> Result<(), String> {
        lab.clusters().try_for_each(|(id, cluster)| self.compare(id, &cluster.state()))
    }
}
