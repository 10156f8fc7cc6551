//! The feed: what a node publishes, and so what it serves, never goes back while it runs.

use super::Invariant;
use crate::observer::Published;
use gslb_consensus::state::Revision;
use std::collections::BTreeMap;

/// The last revision and agreed time that each start of each node published.
#[derive(Default)]
pub(super) struct Feed {
    last: BTreeMap<(u64, u64), (Revision, u64)>,
}

impl Invariant for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn published(&mut self, published: &Published) -> Result<(), String> {
        let Published { node, start, state, .. } = published;
        let now = (state.revision(), state.time_ms);
        let before = self.last.insert((*node, *start), now);
        match before {
            Some(before) if before.0 > now.0 || before.1 > now.1 => Err(format!(
                "node {node} published {} at {} ms, then {} at {} ms",
                before.0, before.1, now.0, now.1
            )),
            _ => Ok(()),
        }
    }
}
