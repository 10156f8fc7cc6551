//! The map of a name: its place-dependent filters over its regions, and the classes that they tell apart.

use super::ranks;
use geo::Place;
use gslb_consensus::model::{Config, Filter, GeoRule, Policy, Pool, Region};
use std::collections::HashMap;
use std::sync::Arc;

/// The ranks of a class: for each place-dependent filter of the policy in order, one rank a region.
pub type Ranks = Vec<Vec<u8>>;

/// Most classes of a map.
pub const CLASSES_MAX: usize = 65_535;

/// A place-dependent filter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ByPlace {
    Geo(Vec<GeoRule>),
    Proximity,
}

/// Names whose policies have equal place-dependent filters over equal regions share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapKey {
    filters: Vec<ByPlace>,
    regions: Vec<Arc<Region>>,
}

impl MapKey {
    /// The key of a policy over a pool; the weights of regions play no part in it.
    #[must_use]
    pub fn new(config: &Config, policy: Option<&Policy>, pool: &Pool) -> Self {
        let filters =
            policy.map_or(&[][..], |p| &p.filters).iter().filter_map(|filter| match filter {
                Filter::Geo { rules } => Some(ByPlace::Geo(rules.clone())),
                Filter::Proximity => Some(ByPlace::Proximity),
                Filter::Failover { .. } | Filter::Weighted => None,
            });
        let regions = regions_of(config, pool)
            .into_iter()
            .map(|r| Arc::new(Region { weight: 0, ..(**r).clone() }));
        Self { filters: filters.collect(), regions: regions.collect() }
    }

    /// Whether places play a part at all.
    #[must_use]
    pub fn is_by_place(&self) -> bool {
        !self.filters.is_empty()
    }
}

/// The regions of a pool, by id.
#[must_use]
pub fn regions_of<'c>(config: &'c Config, pool: &Pool) -> Vec<&'c Arc<Region>> {
    pool.regions().into_iter().filter_map(|id| config.regions.get(id)).collect()
}

/// Numbers the classes of a map as places are met. Class 0 is that of the unknown place.
#[derive(Debug)]
pub struct Classifier {
    key: MapKey,
    numbers: HashMap<Ranks, u16>,
    classes: Vec<Ranks>,
}

impl Classifier {
    /// A classifier that knows the unknown place only.
    #[must_use]
    pub fn new(key: MapKey) -> Self {
        let mut classifier = Self { key, numbers: HashMap::new(), classes: Vec::new() };
        classifier.class(&Place::default());
        classifier
    }

    /// The ranks that a place gives.
    #[must_use]
    pub fn ranks(&self, place: &Place) -> Ranks {
        let regions: Vec<&Region> = self.key.regions.iter().map(AsRef::as_ref).collect();
        let ranks = |filter: &ByPlace| match filter {
            ByPlace::Geo(rules) => ranks::geo(rules, &regions, place),
            ByPlace::Proximity => ranks::proximity(&regions, place),
        };
        self.key.filters.iter().map(ranks).collect()
    }

    /// The class of a place; past the most classes, that of the unknown place.
    pub fn class(&mut self, place: &Place) -> u16 {
        let ranks = self.ranks(place);
        if let Some(number) = self.numbers.get(&ranks) {
            return *number;
        }
        let Some(number) =
            u16::try_from(self.classes.len()).ok().filter(|_| self.classes.len() < CLASSES_MAX)
        else {
            return 0;
        };
        self.classes.push(ranks.clone());
        self.numbers.insert(ranks, number);
        number
    }

    /// The ranks of every class, by number.
    #[must_use]
    pub fn classes(&self) -> &[Ranks] {
        &self.classes
    }
}
