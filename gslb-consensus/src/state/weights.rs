//! Weights that an operator set at run time.

use super::agreed::State;
use super::command::SetWeight;
use super::reply::{RefusalCode, Reply};
use super::revision::Revision;
use crate::model::limits::WEIGHT_MAX;
use crate::model::{Config, PoolId, RegionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A weight set at run time; it survives an apply until the file's value changes or it is cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeWeight {
    /// The weight, 0 to 1000.
    pub weight: u16,
    /// What the file declared when it was set.
    pub declared: u16,
    /// Who set it.
    pub actor: String,
    /// When, agreed ms since 1970.
    pub at_ms: u64,
    /// The change that set it: what a caller saw, who compares and sets.
    pub changed: Revision,
}

/// Runtime weights of regions, for all pools and for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// For all pools.
    pub regions: BTreeMap<RegionId, RuntimeWeight>,
    /// For one pool; goes before the region's.
    pub pools: BTreeMap<(PoolId, RegionId), RuntimeWeight>,
}

impl Weights {
    /// Drops what a new configuration overrules: other declared weights, regions or pools that are gone.
    pub(super) fn follow(&mut self, config: &Config) {
        let stands = |region: &RegionId, weight: &RuntimeWeight| {
            config.regions.get(region).is_some_and(|r| r.weight == weight.declared)
        };
        self.regions.retain(|region, weight| stands(region, weight));
        self.pools.retain(|(pool, region), weight| {
            stands(region, weight)
                && config.pools.get(pool).is_some_and(|p| p.regions().contains(region))
        });
    }
}

impl State {
    /// The weight that counts for a region in a pool.
    #[must_use]
    pub fn weight(&self, pool: &PoolId, region: &RegionId) -> u16 {
        let of_pool = self.weights.pools.get(&(pool.clone(), region.clone()));
        of_pool.map_or_else(|| self.region_weight(region), |w| w.weight)
    }

    /// The weight that counts for a region in pools without one of their own.
    #[must_use]
    pub fn region_weight(&self, region: &RegionId) -> u16 {
        let declared = || self.config.regions.get(region).map_or(0, |r| r.weight);
        self.weights.regions.get(region).map_or_else(declared, |w| w.weight)
    }

    pub(super) fn set_weight(&mut self, set: &SetWeight, actor: &str) -> Result<(), Reply> {
        let Some(region) = self.config.regions.get(&set.region) else {
            return Err(Reply::refused(
                RefusalCode::NotFound,
                format!("there is no region {}", set.region),
            ));
        };
        if set.weight.is_some_and(|w| w > WEIGHT_MAX) {
            return Err(Reply::refused(
                RefusalCode::Invalid,
                format!("a weight is 0 to {WEIGHT_MAX}"),
            ));
        }
        let runtime = set.weight.map(|weight| RuntimeWeight {
            weight,
            declared: region.weight,
            actor: actor.to_owned(),
            at_ms: self.time_ms,
            changed: self.revision(),
        });
        let weights = std::sync::Arc::make_mut(&mut self.weights);
        match (&set.pool, runtime) {
            (None, Some(runtime)) => drop(weights.regions.insert(set.region.clone(), runtime)),
            (None, None) => drop(weights.regions.remove(&set.region)),
            (Some(pool), runtime) => {
                if !self.config.pools.get(pool).is_some_and(|p| p.regions().contains(&set.region)) {
                    let what =
                        format!("there is no pool {pool} with endpoints in region {}", set.region);
                    return Err(Reply::refused(RefusalCode::NotFound, what));
                }
                let key = (pool.clone(), set.region.clone());
                match runtime {
                    Some(runtime) => drop(weights.pools.insert(key, runtime)),
                    None => drop(weights.pools.remove(&key)),
                }
            }
        }
        Ok(())
    }
}
