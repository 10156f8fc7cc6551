//! The whole declared configuration.

use super::endpoint::Endpoint;
use super::id::{EndpointId, MonitorId, PolicyId, PoolId, RegionId};
use super::monitor::Monitor;
use super::name::DnsName;
use super::place_patch::PlacePatch;
use super::policy::Policy;
use super::pool::Pool;
use super::region::Region;
use super::steered::SteeredName;
use super::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that one traffic file declares. Maps are ordered, so equal content gives equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Zones by apex.
    pub zones: BTreeMap<DnsName, Arc<Zone>>,
    /// Regions.
    pub regions: BTreeMap<RegionId, Arc<Region>>,
    /// Monitors.
    pub monitors: BTreeMap<MonitorId, Arc<Monitor>>,
    /// Pools with their endpoints.
    pub pools: BTreeMap<PoolId, Arc<Pool>>,
    /// Policies.
    pub policies: BTreeMap<PolicyId, Arc<Policy>>,
    /// Steered names.
    pub names: BTreeMap<DnsName, Arc<SteeredName>>,
    /// Operator prefixes over the place data, by prefix.
    pub places: Arc<Vec<PlacePatch>>,
}

impl Config {
    /// Every endpoint with its pool.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Arc<Pool>, &Endpoint)> {
        self.pools.values().flat_map(|pool| pool.endpoints.iter().map(move |e| (pool, e)))
    }

    /// The endpoint of that id, with its pool.
    #[must_use]
    pub fn endpoint(&self, id: &EndpointId) -> Option<(&Arc<Pool>, &Endpoint)> {
        self.endpoints().find(|(_, e)| e.id == *id)
    }

    /// Every endpoint by id, for who looks up many.
    #[must_use]
    pub fn endpoint_index(&self) -> BTreeMap<&EndpointId, (&Arc<Pool>, &Endpoint)> {
        self.endpoints().map(|(pool, e)| (&e.id, (pool, e))).collect()
    }

    /// The zone with the longest apex that `name` lies in.
    #[must_use]
    pub fn zone_of(&self, name: &DnsName) -> Option<&Arc<Zone>> {
        let mut at = Some(name.clone());
        while let Some(apex) = at {
            if let Some(zone) = self.zones.get(&apex) {
                return Some(zone);
            }
            at = apex.parent();
        }
        None
    }
}
