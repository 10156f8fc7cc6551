//! How much room the data folder has, and what a node does as it runs short.
//!
//! ```text
//!  roomy --> low: snapshot, purge, compact; then refuse configurations
//!        --> short: hand the lead over to a voter that is heard
//!        --> full: stop Raft, answer on          (every step back by itself, with a margin)
//! ```

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::state::{Command, RefusalCode, Reply};

/// One MiB.
const MIB: u64 = 1 << 20;

/// Free bytes below which a node takes each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceLimits {
    /// Compact, then refuse configurations.
    pub low_bytes: u64,
    /// Let another node lead.
    pub short_bytes: u64,
    /// Stop Raft.
    pub stop_bytes: u64,
}

impl Default for SpaceLimits {
    /// A full control state and its snapshots fit above the second step.
    fn default() -> Self {
        Self { low_bytes: 256 * MIB, short_bytes: 64 * MIB, stop_bytes: 16 * MIB }
    }
}

/// How far the room has run short; the order is that of the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceLevel {
    /// Enough.
    #[default]
    Roomy,
    /// Compacted; configurations are refused.
    Low,
    /// Another node should lead.
    Short,
    /// Raft is stopped on this node.
    Full,
}

/// The room that a node has, as it says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Free bytes of the file system of the data folder; none: the system did not say.
    pub free_bytes: Option<u64>,
    /// What the node does about it.
    pub level: SpaceLevel,
    /// Free bytes at which it takes configurations again.
    pub wanted_bytes: u64,
}

impl SpaceLimits {
    /// The level at so much room; a step is taken back only with a quarter to spare.
    pub(crate) fn level(&self, free: u64, before: SpaceLevel) -> SpaceLevel {
        let below = |limit: u64, level: SpaceLevel| {
            let limit = if before >= level { with_margin(limit) } else { limit };
            free < limit
        };
        if below(self.stop_bytes, SpaceLevel::Full) {
            SpaceLevel::Full
        } else if below(self.short_bytes, SpaceLevel::Short) {
            SpaceLevel::Short
        } else if below(self.low_bytes, SpaceLevel::Low) {
            SpaceLevel::Low
        } else {
            SpaceLevel::Roomy
        }
    }

    /// Looks at the file system of a folder.
    pub(crate) fn look(&self, folder: &Path, before: Space) -> Space {
        let free_bytes = free_bytes(folder);
        // A system that does not say is no reason to stop: a write that fails still stops Raft.
        let level = free_bytes.map_or(SpaceLevel::Roomy, |free| self.level(free, before.level));
        Space { free_bytes, level, wanted_bytes: with_margin(self.low_bytes) }
    }
}

/// A limit and a quarter, so that a node does not go back and forth at the limit itself.
const fn with_margin(limit: u64) -> u64 {
    limit.saturating_add(limit / 4)
}

/// Bytes that this process may still write to the file system of a folder.
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

impl Space {
    /// The refusal of a command that would write much, if the room is low.
    ///
    /// What is small goes on: verdicts, weights and overrides are what an operator needs just now.
    pub(crate) fn refusal(&self, command: &Command) -> Option<Reply> {
        let is_large = matches!(command, Command::PutConfig(_));
        (is_large && self.level >= SpaceLevel::Low)
            .then(|| Reply::refused(RefusalCode::NoSpace, format!("{self}; nothing was changed")))
    }
}

impl fmt::Display for Space {
    /// What is wrong, what the node does about it, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.level {
            SpaceLevel::Roomy => return f.write_str("the disk has room"),
            SpaceLevel::Low => "the disk runs low: configurations are refused",
            SpaceLevel::Short => {
                "the disk runs short: configurations are refused, and another node should lead"
            }
            SpaceLevel::Full => "the disk is full: Raft is stopped on this node, DNS goes on",
        };
        let free = self.free_bytes.unwrap_or(0) / MIB;
        let wanted = self.wanted_bytes.div_ceil(MIB);
        write!(f, "{step} ({free} MiB are free); free {wanted} MiB where its data folder lies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Config;
    use crate::state::command::{PassTime, PutConfig};
    use std::sync::Arc;

    const LIMITS: SpaceLimits = SpaceLimits { low_bytes: 400, short_bytes: 200, stop_bytes: 100 };

    #[test]
    fn each_step_is_taken_at_its_limit_and_taken_back_with_a_margin() {
        use SpaceLevel::{Full, Low, Roomy, Short};
        for (before, free, wanted) in [
            (Roomy, 400, Roomy),
            (Roomy, 399, Low),
            (Roomy, 199, Short),
            (Roomy, 99, Full),
            (Low, 499, Low),
            (Low, 500, Roomy),
            (Low, 200, Low),
            (Low, 199, Short),
            (Short, 249, Short),
            (Short, 250, Low),
            (Full, 124, Full),
            (Full, 125, Short),
            (Full, 600, Roomy),
        ] {
            assert_eq!(LIMITS.level(free, before), wanted, "{before:?} at {free}");
        }
    }

    #[test]
    fn only_what_is_large_is_refused_and_the_refusal_says_what_to_do() {
        let space = |level| Space { free_bytes: Some(3 << 20), level, wanted_bytes: 5 << 20 };
        let put = PutConfig { config: Arc::new(Config::default()), expect: None };
        let put = Command::PutConfig(put);
        assert_eq!(space(SpaceLevel::Roomy).refusal(&put), None);
        assert_eq!(space(SpaceLevel::Short).refusal(&Command::PassTime(PassTime {})), None);
        let Some(Reply::Refused { code, message, .. }) = space(SpaceLevel::Low).refusal(&put)
        else {
            panic!("it was let through");
        };
        assert_eq!(code.as_str(), "no_space");
        assert!(message.contains("(3 MiB are free); free 5 MiB"), "{message}");
    }

    #[test]
    fn the_room_of_a_real_folder_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let look = SpaceLimits::default().look(dir.path(), Space::default());
        assert!(look.free_bytes.is_some());
        let missing = dir.path().join("missing");
        assert_eq!(LIMITS.look(&missing, Space::default()).level, SpaceLevel::Roomy);
    }
}
