//! Which form of the feed two nodes speak.

use std::fmt;
use std::str::FromStr;

/// The versions of the feed that this software speaks.
pub const VERSIONS: Versions = Versions { min: 1, max: 1 };

/// A range of versions of the feed, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The oldest.
    pub min: u16,
    /// The newest.
    pub max: u16,
}

impl Versions {
    /// The newest version that both speak.
    ///
    /// # Errors
    /// There is none: says who is the older one.
    pub fn agree(self, theirs: Self) -> Result<u16, String> {
        let newest = self.max.min(theirs.max);
        if newest >= self.min.max(theirs.min) {
            return Ok(newest);
        }
        let older = if theirs.max < self.min { "the follower" } else { "the node that feeds" };
        Err(format!(
            "no version of the feed in common: this node speaks {self}, the follower {theirs}; \
             upgrade {older}"
        ))
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

impl FromStr for Versions {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected versions, as 1-3";
        let (min, max) = text.split_once('-').ok_or(expected)?;
        let (min, max) = (min.parse().map_err(|_| expected)?, max.parse().map_err(|_| expected)?);
        if min <= max { Ok(Self { min, max }) } else { Err(expected) }
    }
}
