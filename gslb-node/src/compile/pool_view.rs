//! What counts of a pool at one revision: weights of its regions, state of its endpoints.

use crate::steer::classifier::regions_of;
use crate::steer::{Basis, RegionHealth};
use gslb_consensus::model::{Endpoint, Pool, Region, Target};
use gslb_consensus::state::{EndpointState, State};
use std::sync::Arc;

/// What counts of a pool at one revision. Equal views are decided alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolView {
    /// The pool.
    pub pool: Arc<Pool>,
    /// Its regions, by id.
    pub regions: Vec<Arc<Region>>,
    /// The weight that counts for each region.
    pub weights: Vec<u16>,
    /// Whether each region is up.
    pub health: Vec<RegionHealth>,
    /// The state of each endpoint, in the pool's order.
    pub states: Vec<EndpointState>,
}

impl PoolView {
    /// The view of a pool in a state.
    #[must_use]
    pub fn new(state: &State, pool: &Arc<Pool>) -> Self {
        let regions: Vec<Arc<Region>> =
            regions_of(&state.config, pool).into_iter().cloned().collect();
        let weights = regions.iter().map(|r| state.weight(&pool.id, &r.id)).collect();
        let states: Vec<EndpointState> =
            pool.endpoints.iter().map(|e| state.endpoint_state(pool, e).0).collect();
        let health = regions.iter().map(|region| {
            let here = || {
                pool.endpoints
                    .iter()
                    .zip(&states)
                    .filter(|(e, _)| e.region == region.id)
                    .map(|(_, s)| *s)
            };
            RegionHealth {
                up: here().filter(|s| *s == EndpointState::Up).count()
                    >= usize::from(pool.min_healthy),
                servable: here().any(|s| s <= EndpointState::Sick),
            }
        });
        Self { pool: pool.clone(), health: health.collect(), regions, weights, states }
    }

    /// The regions without their counters, as the filters take them.
    #[must_use]
    pub fn regions(&self) -> Vec<&Region> {
        self.regions.iter().map(AsRef::as_ref).collect()
    }

    /// The endpoints of a region that are given out on that basis and are of that kind; never none if it has any.
    ///
    /// Endpoints of weight 0 are given only if there are no others.
    #[must_use]
    pub fn given(&self, region: usize, basis: Basis, kind: Kind) -> Vec<&Endpoint> {
        let Some(region) = self.regions.get(region) else { return Vec::new() };
        let of_kind: Vec<(&Endpoint, EndpointState)> = self
            .pool
            .endpoints
            .iter()
            .zip(&self.states)
            .filter(|(e, _)| e.region == region.id && kind.holds(&e.target))
            .map(|(e, s)| (e, *s))
            .collect();
        let worst = match basis {
            Basis::Up => EndpointState::Up,
            Basis::AllSick => EndpointState::Sick,
            Basis::AllOut => EndpointState::ForcedDown,
        };
        // A region that is up may still have no healthy endpoint of this family: the types of a name
        // do not vary, so the next best stand in.
        for limit in [worst, EndpointState::Sick, EndpointState::ForcedDown] {
            let kept: Vec<&Endpoint> =
                of_kind.iter().filter(|(_, s)| *s <= limit).map(|(e, _)| *e).collect();
            let weighted: Vec<&Endpoint> = kept.iter().copied().filter(|e| e.weight > 0).collect();
            match (weighted.is_empty(), kept.is_empty()) {
                (false, _) => return weighted,
                (true, false) => return kept,
                (true, true) => {}
            }
        }
        Vec::new()
    }
}

/// A kind of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    V4,
    /// IPv6 addresses.
    V6,
    /// Aliases.
    Alias,
}

impl Kind {
    fn holds(self, target: &Target) -> bool {
        match target {
            Target::Address(address) => {
                address.is_ipv4() == (self == Self::V4) && self != Self::Alias
            }
            Target::Alias(_) => self == Self::Alias,
        }
    }
}
