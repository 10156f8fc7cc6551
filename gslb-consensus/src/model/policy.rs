//! How one region is chosen for a client.

use super::id::{PolicyId, RegionId};
use geo::Selector;
use serde::{Deserialize, Serialize};

/// An ordered list of filters from weighted candidates to weighted candidates, then a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub id: PolicyId,
    /// The filters, first to last. Each splits what the ones before it left tied.
    pub filters: Vec<Filter>,
    /// Most addresses of the chosen region in one answer, 1 to 8.
    pub max_answers: u8,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Prefers the regions that the narrowest matching rules name.
    Geo {
        /// The rules, in any order.
        rules: Vec<GeoRule>,
    },
    /// Prefers the nearest regions by great-circle distance, with each region's bias.
    Proximity,
    /// Prefers regions in the declared order; those not named come last, tied.
    Failover {
        /// First choice first.
        order: Vec<RegionId>,
    },
    /// Draws among what is tied, by region weight.
    Weighted,
}

/// Regions that serve a set of places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoRule {
    /// The places.
    pub places: Selector,
    /// The regions that serve them.
    pub regions: Vec<RegionId>,
}

impl Filter {
    /// Its word in files, tables and explanations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Geo { .. } => "geo",
            Self::Proximity => "proximity",
            Self::Failover { .. } => "failover",
            Self::Weighted => "weighted",
        }
    }

    /// Whether its ranks depend on the client's place.
    #[must_use]
    pub fn is_by_place(&self) -> bool {
        matches!(self, Self::Geo { .. } | Self::Proximity)
    }
}
