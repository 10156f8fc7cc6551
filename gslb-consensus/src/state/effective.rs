//! What of an endpoint counts now, and why.

use super::agreed::State;
use super::overrides::{OverrideKind, OverrideTarget};
use crate::model::{Endpoint, Pool};
use std::fmt;

/// Whether an endpoint is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointState {
    /// It is given out.
    Up,
    /// Probes say that it is down: given out only if everything is.
    Sick,
    /// An operator drains it: given out only if nothing else is left at all.
    Drained,
    /// An operator says that it is down: as drained.
    ForcedDown,
}

/// Why an endpoint is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The vantages agree.
    Probes,
    /// Nobody has voted yet.
    NoVerdictYet,
    /// Its pool has no monitor.
    NoMonitor,
    /// An override of the endpoint.
    OwnOverride,
    /// An override of its region.
    RegionOverride,
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Sick => "down",
            Self::Drained => "drained",
            Self::ForcedDown => "forced down",
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Probes => "by probes",
            Self::NoVerdictYet => "no verdict yet",
            Self::NoMonitor => "no monitor",
            Self::OwnOverride => "override",
            Self::RegionOverride => "override of its region",
        })
    }
}

impl State {
    /// Whether an endpoint is given out: its override, else its region's, else what the vantages agree on.
    #[must_use]
    pub fn endpoint_state(&self, pool: &Pool, endpoint: &Endpoint) -> (EndpointState, Why) {
        let of = |kind: OverrideKind| match kind {
            OverrideKind::ForceUp => EndpointState::Up,
            OverrideKind::ForceDown => EndpointState::ForcedDown,
            OverrideKind::Drain => EndpointState::Drained,
        };
        if !self.overrides.is_empty() {
            if let Some(own) = self.overrides.get(&OverrideTarget::Endpoint(endpoint.id.clone())) {
                return (of(own.kind), Why::OwnOverride);
            }
            if let Some(region) =
                self.overrides.get(&OverrideTarget::Region(endpoint.region.clone()))
            {
                return (of(region.kind), Why::RegionOverride);
            }
        }
        if pool.monitor.is_none() {
            return (EndpointState::Up, Why::NoMonitor);
        }
        match self.health.agreed.get(&endpoint.id) {
            None => (EndpointState::Up, Why::NoVerdictYet),
            Some(health) if health.up => (EndpointState::Up, Why::Probes),
            Some(_) => (EndpointState::Sick, Why::Probes),
        }
    }
}
