//! The endpoints that serve one thing.

use super::endpoint::{Endpoint, Target};
use super::id::{MonitorId, PoolId, RegionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The endpoints that serve one thing, over any regions, with their monitor and threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name.
    pub id: PoolId,
    /// How its endpoints are probed; none: they count as up.
    pub monitor: Option<MonitorId>,
    /// How many endpoints of a region must be up for the region to count as up in this pool.
    pub min_healthy: u16,
    /// Its endpoints, by id.
    pub endpoints: Vec<Endpoint>,
}

/// What the endpoints of a pool are answered with: it decides the types that a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// A records.
    pub v4: bool,
    /// AAAA records.
    pub v6: bool,
    /// A CNAME record.
    pub alias: bool,
}

impl Pool {
    /// The regions that it has endpoints in.
    #[must_use]
    pub fn regions(&self) -> BTreeSet<&RegionId> {
        self.endpoints.iter().map(|e| &e.region).collect()
    }

    /// What its endpoints in `region` are answered with, or in every region if `None`.
    #[must_use]
    pub fn families(&self, region: Option<&RegionId>) -> Families {
        let mut families = Families { v4: false, v6: false, alias: false };
        for endpoint in self.endpoints.iter().filter(|e| region.is_none_or(|r| *r == e.region)) {
            match endpoint.target {
                Target::Address(IpAddr::V4(_)) => families.v4 = true,
                Target::Address(IpAddr::V6(_)) => families.v6 = true,
                Target::Alias(_) => families.alias = true,
            }
        }
        families
    }
}
