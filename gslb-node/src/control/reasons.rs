//! Why each filter put each region where it is, in words.

use super::shape::{RegionReason, StepReasons};
use crate::compile::explain::{ExplainedStep, Explanation};
use geo::distance::{biased_km, km};
use geo::{Place, Selector};
use gslb_consensus::model::{Filter, GeoRule, Region, RegionId};
use gslb_consensus::state::State;

/// For each step of a decision, a line for each region.
pub(super) fn tell(state: &State, decision: &Explanation) -> Vec<StepReasons> {
    let policy = decision
        .policy
        .as_ref()
        .and_then(|id| state.config.policies.iter().find(|(p, _)| p.as_str() == id))
        .map(|(_, policy)| policy);
    let filters = policy.map_or(&[][..], |p| &p.filters);
    let step = |(n, step): (usize, &ExplainedStep)| StepReasons {
        filter: step.filter.clone(),
        regions: decision
            .regions
            .iter()
            .filter_map(|r| state.config.regions.get(r.id.as_str()).map(|region| (r, region)))
            .map(|(r, region)| RegionReason {
                region: r.id.clone(),
                kept: step.tiers.first().is_some_and(|tier| tier.contains(&r.id)),
                why: match filters.get(n) {
                    Some(Filter::Geo { rules }) => geo_reason(rules, region, &decision.place),
                    Some(Filter::Proximity) => distance_reason(region, &decision.place),
                    Some(Filter::Failover { order }) => order_reason(order, &region.id),
                    Some(Filter::Weighted) | None => {
                        weight_reason(state, &decision.pool, r.weight, region)
                    }
                },
            })
            .collect(),
    };
    decision.steps.iter().enumerate().map(step).collect()
}

fn geo_reason(rules: &[GeoRule], region: &Region, place: &Place) -> String {
    let matching = rules.iter().filter(|rule| rule.places.matches(place));
    let naming = matching.filter(|rule| rule.regions.contains(&region.id));
    match naming.max_by_key(|rule| rule.places.narrowness()) {
        Some(rule) => format!("a rule names it for {}", selector(&rule.places)),
        None => "no rule that holds this place names it".to_owned(),
    }
}

fn selector(selector: &Selector) -> String {
    match selector {
        Selector::Anywhere => "anywhere".to_owned(),
        Selector::Continent(continent) => format!("continent {continent}"),
        Selector::Country(country) => format!("country {country}"),
        Selector::Subdivision(country, subdivision) => {
            format!("subdivision {country}-{subdivision}")
        }
        Selector::City(country, city) => format!("city {city}, {country}"),
    }
}

fn distance_reason(region: &Region, place: &Place) -> String {
    let Some(here) = place.location else {
        return "the client's position is not known: all tie".to_owned();
    };
    let Some(there) = region.location else {
        return "it declares no location: farther than all others".to_owned();
    };
    let distance = km(here, there);
    let radius = match place.radius_km {
        0 => String::new(),
        radius => format!(", known to {radius} km"),
    };
    match region.bias {
        0 => format!("{distance} km{radius}"),
        bias => {
            format!("{distance} km, as {} km with bias {bias}{radius}", biased_km(distance, bias))
        }
    }
}

fn order_reason(order: &[RegionId], region: &RegionId) -> String {
    match order.iter().position(|r| r == region) {
        Some(position) => format!("number {} of the declared order", position + 1),
        None => "not in the declared order: after all that are".to_owned(),
    }
}

fn weight_reason(state: &State, pool: &str, weight: u16, region: &Region) -> String {
    let of_pool =
        state.weights.pools.iter().any(|((p, r), _)| p.as_str() == pool && *r == region.id);
    let origin = if of_pool {
        format!(", set at run time for this pool (declared: {})", region.weight)
    } else if state.weights.regions.contains_key(&region.id) {
        format!(", set at run time (declared: {})", region.weight)
    } else {
        String::new()
    };
    match weight {
        0 => format!("weight 0{origin}: only if nothing else is left"),
        weight => format!("weight {weight}{origin}"),
    }
}
