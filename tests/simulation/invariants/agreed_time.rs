//! Agreed time: it never goes back from one entry to a later one, and a clock that is alone does not
//! move it.
//!
//! Only a minority of the clocks is wrong at any time, so that the median is right: agreed time is never
//! ahead of the true one by more than what clocks may be apart, and the error of reading them.

use super::Invariant;
use crate::lab::Lab;
use crate::node::EPOCH_MS;
use crate::observer::Published;
use std::collections::BTreeMap;

/// How far ahead agreed time may be, ms: 2 s, and what the reading of clocks may be wrong by.
const AHEAD_MS: u64 = 3_000;

/// How far behind it may be once all agree again, ms.
const BEHIND_MS: u64 = 5_000;

/// Agreed time by log index, on whichever node it was seen.
#[derive(Default)]
pub(super) struct AgreedTime {
    at: BTreeMap<u64, u64>,
}

impl Invariant for AgreedTime {
    fn name(&self) -> &'static str {
        "agreed time"
    }

    fn published(&mut self, published: &Published) -> Result<(), String> {
        let (index, time_ms) = (published.state.index, published.state.time_ms);
        let node = published.node;
        self.at.insert(index, time_ms);
        let before = self.at.range(..index).next_back().filter(|(_, time)| **time > time_ms);
        let after = self.at.range(index + 1..).next().filter(|(_, time)| **time < time_ms);
        if let Some((other, time)) = before.or(after) {
            return Err(format!(
                "on node {node} it is {time_ms} after entry {index}, and {time} after {other}"
            ));
        }
        let true_ms = EPOCH_MS + published.at_ms;
        if time_ms > true_ms + AHEAD_MS {
            let ahead = time_ms - true_ms;
            return Err(format!("on node {node} it is {ahead} ms ahead of the true time"));
        }
        Ok(())
    }

    fn finish(&mut self, lab: &Lab) -> Result<(), String> {
        let true_ms = EPOCH_MS + lab.journal.ms();
        let newest = lab.clusters().map(|(_, cluster)| cluster.state().time_ms).max();
        match newest {
            Some(time_ms) if time_ms + BEHIND_MS >= true_ms => Ok(()),
            other => Err(format!("at the end it is {other:?}, the true one is {true_ms}")),
        }
    }
}
