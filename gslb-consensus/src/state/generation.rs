//! Which formats the members may write: those that all of them read.
//!
//! ```text
//! generation 1: commands of the kinds up to 25, states of format 3 and before
//! generation 2: commands of the kinds from 30, states of format 4
//! ```
//!
//! Each member reads every generation up to its newest. The agreed state says which one is written;
//! the leader raises it once every member has told that it reads the next one. It never falls: until
//! it rises a member may go back to the version before, afterwards it may not.

use super::agreed::State;
use super::command::SetGeneration;
use super::reply::{RefusalCode, Reply};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A set of formats that are written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u16);

impl Generation {
    /// What every version reads; one that tells nothing reads no more.
    pub const FIRST: Self = Self(1);
    /// The newest that this version reads.
    pub const NEWEST: Self = Self(2);

    /// Whether this version reads it.
    #[must_use]
    pub fn is_known(self) -> bool {
        (Self::FIRST..=Self::NEWEST).contains(&self)
    }

    /// The number, for metrics.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The generation that writes commands of this kind; see `envelope` for the kinds.
    pub(super) fn of_kind(kind: u16) -> Self {
        match kind {
            0..30 => Self(1),
            30.. => Self(2),
        }
    }
}

impl Default for Generation {
    fn default() -> Self {
        Self::FIRST
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Generation {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl State {
    /// Raises the generation.
    pub(super) fn set_generation(&mut self, set: &SetGeneration) -> Result<(), Reply> {
        if set.to <= self.generation {
            let what = format!("the cluster is at generation {} already", self.generation);
            return Err(Reply::refused(RefusalCode::Conflict, what));
        }
        self.generation = set.to;
        Ok(())
    }
}
