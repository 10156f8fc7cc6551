//! Which agreed state is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A point in the life of the agreed state, ordered; a restored cluster starts a higher history.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision {
    /// Counts restores of the cluster.
    pub history: u32,
    /// Raft log index of the last command.
    pub index: u64,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.history, self.index)
    }
}

impl FromStr for Revision {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a revision, as 1.42";
        let (history, index) = text.split_once('.').ok_or(expected)?;
        Ok(Self {
            history: history.parse().map_err(|_| expected)?,
            index: index.parse().map_err(|_| expected)?,
        })
    }
}
