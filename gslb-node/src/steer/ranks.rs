//! How one filter ranks regions for a place: 0 is best, equal is tied.

use geo::Place;
use geo::distance::{biased_km, km};
use gslb_consensus::model::{GeoRule, Region, RegionId};

/// How many nearest regions keep a rank of their own; the rest share the tail.
pub const PROXIMITY_RANKS: u8 = 4;
/// The narrowest selector, a city.
const NARROWEST: u8 = 4;

/// Rank of each region by the narrowest rule that names it and holds the place; 5 where none does.
#[must_use]
pub fn geo(rules: &[GeoRule], regions: &[&Region], place: &Place) -> Vec<u8> {
    let matching: Vec<&GeoRule> = rules.iter().filter(|rule| rule.places.matches(place)).collect();
    let rank = |region: &RegionId| {
        let narrowest = matching
            .iter()
            .filter(|r| r.regions.contains(region))
            .map(|r| r.places.narrowness())
            .max();
        narrowest.map_or(NARROWEST + 1, |n| NARROWEST - n)
    };
    regions.iter().map(|region| rank(&region.id)).collect()
}

/// Rank of each region by biased distance; all tied where the place has no location.
///
/// Regions that are farther than the nearest of their rank by less than the place's radius are tied
/// with it: the data cannot tell them apart.
#[must_use]
pub fn proximity(regions: &[&Region], place: &Place) -> Vec<u8> {
    let Some(here) = place.location else { return vec![0; regions.len()] };
    let distance = |region: &Region| {
        region.location.map_or(u32::MAX, |there| biased_km(km(here, there), region.bias))
    };
    let distances: Vec<u32> = regions.iter().map(|r| distance(r)).collect();
    let mut order: Vec<u32> = distances.clone();
    order.sort_unstable();
    // The nearest of each rank, as far as ranks go.
    let mut nearest: Vec<u32> = Vec::new();
    for km in order {
        let tied = nearest
            .last()
            .is_some_and(|first| km == *first || km - first < u32::from(place.radius_km));
        if !tied {
            nearest.push(km);
        }
    }
    let rank = |km: &u32| {
        let position = nearest.partition_point(|first| first <= km).saturating_sub(1);
        u8::try_from(position).unwrap_or(u8::MAX).min(PROXIMITY_RANKS)
    };
    distances.iter().map(rank).collect()
}

/// Rank of each region by the declared order; those not named come last, tied.
#[must_use]
pub fn failover(order: &[RegionId], regions: &[&Region]) -> Vec<u8> {
    let rank = |region: &RegionId| {
        let position = order.iter().position(|r| r == region).unwrap_or(order.len());
        u8::try_from(position).unwrap_or(u8::MAX)
    };
    regions.iter().map(|region| rank(&region.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Point, Selector};

    fn region(id: &str, lat: f64, lon: f64, bias: i8) -> Region {
        Region {
            id: id.parse().unwrap(),
            location: Point::from_degrees(lat, lon),
            weight: 100,
            bias,
        }
    }

    fn world() -> [Region; 3] {
        [
            region("fra", 50.11, 8.68, 0),
            region("iad", 39.04, -77.49, 0),
            region("nrt", 35.68, 139.69, 0),
        ]
    }

    fn place(lat: f64, lon: f64, radius_km: u16) -> Place {
        Place { location: Point::from_degrees(lat, lon), radius_km, ..Place::default() }
    }

    #[test]
    fn a_narrower_rule_goes_before_a_wider_one_and_no_rule_comes_last() {
        let world = world();
        let regions: Vec<&Region> = world.iter().collect();
        let rule = |places, id: &str| GeoRule { places, regions: vec![id.parse().unwrap()] };
        let rules = [
            rule(Selector::Anywhere, "iad"),
            rule(Selector::Continent("EU".parse().unwrap()), "fra"),
            rule(Selector::Country("DE".parse().unwrap()), "nrt"),
        ];
        let germany =
            Place { continent: "EU".parse().ok(), country: "DE".parse().ok(), ..Place::default() };
        assert_eq!(geo(&rules, &regions, &germany), [3, 4, 2]);
        assert_eq!(geo(&rules, &regions, &Place::default()), [5, 4, 5]);
    }

    #[test]
    fn the_nearest_region_is_first_and_an_unknown_place_ties_all() {
        let world = world();
        let regions: Vec<&Region> = world.iter().collect();
        assert_eq!(proximity(&regions, &place(48.85, 2.35, 10)), [0, 1, 2]);
        assert_eq!(proximity(&regions, &Place::default()), [0, 0, 0]);
    }

    #[test]
    fn what_the_radius_cannot_tell_apart_is_tied() {
        let near = [region("ams", 52.37, 4.89, 0), region("fra", 50.11, 8.68, 0)];
        let regions: Vec<&Region> = near.iter().collect();
        assert_eq!(proximity(&regions, &place(52.0, 5.0, 20)), [0, 1]);
        assert_eq!(proximity(&regions, &place(52.0, 5.0, 500)), [0, 0]);
    }

    #[test]
    fn bias_draws_a_region_nearer() {
        let near = [region("ams", 52.37, 4.89, 0), region("fra", 50.11, 8.68, 99)];
        let regions: Vec<&Region> = near.iter().collect();
        assert_eq!(proximity(&regions, &place(52.0, 5.0, 0)), [1, 0]);
    }

    #[test]
    fn past_the_first_four_ranks_all_share_the_tail() {
        let many: Vec<Region> =
            (0..8).map(|i| region(&format!("r{i}"), 0.0, f64::from(i) * 10.0, 0)).collect();
        let regions: Vec<&Region> = many.iter().collect();
        assert_eq!(proximity(&regions, &place(0.0, 0.0, 0)), [0, 1, 2, 3, 4, 4, 4, 4]);
    }

    #[test]
    fn failover_keeps_the_declared_order() {
        let world = world();
        let regions: Vec<&Region> = world.iter().collect();
        assert_eq!(
            failover(&["nrt".parse().unwrap(), "fra".parse().unwrap()], &regions),
            [1, 2, 0]
        );
    }
}
