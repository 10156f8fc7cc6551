//! A place that takes traffic.

use super::id::RegionId;
use geo::Point;
use serde::{Deserialize, Serialize};

/// What an operator moves traffic between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Its name.
    pub id: RegionId,
    /// Where it is, for `proximity`.
    pub location: Option<Point>,
    /// Declared share among regions that tie, 0 to 1000; 0: only if nothing else is left.
    pub weight: u16,
    /// Percent by which `proximity` draws it nearer (positive) or pushes it away, -99 to 99.
    pub bias: i8,
}
