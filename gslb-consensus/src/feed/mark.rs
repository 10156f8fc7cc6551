//! Where a serving state stands.

use super::sum::Sum;
use crate::state::Revision;
use serde::{Deserialize, Serialize};

/// Where a serving state stands: its revision, and a hash of all that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The agreed state that it is of.
    pub revision: Revision,
    /// Log index at which the configuration last changed.
    pub config_index: u64,
    /// Agreed time, ms since 1970.
    pub time_ms: u64,
    /// The sum over its objects.
    pub sum: Sum,
}
