//! The order of regions for one class: tiers, best first.

use super::classifier::Ranks;
use super::ranks;
use gslb_consensus::model::{Filter, Policy, Region};

/// A region that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Position among the regions of the pool.
    pub region: usize,
    /// The weight that counts.
    pub weight: u16,
}

/// Candidates that no filter told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The candidates, by region.
    pub candidates: Vec<Candidate>,
    /// Whether a `weighted` filter closed it, so that later filters leave it whole.
    closed: bool,
}

/// The tiers of a class, best first: each filter splits what the ones before it left tied.
#[must_use]
pub fn tiers(
    policy: Option<&Policy>,
    regions: &[&Region],
    weights: &[u16],
    by_place: &Ranks,
) -> Vec<Tier> {
    let mut tiers = start(weights);
    let mut by_place = by_place.iter();
    for filter in policy.map_or(&[][..], |p| &p.filters) {
        tiers = step(tiers, filter, regions, &mut by_place);
    }
    finish(tiers)
}

/// One tier of all regions.
pub(super) fn start(weights: &[u16]) -> Vec<Tier> {
    let candidates =
        weights.iter().enumerate().map(|(region, weight)| Candidate { region, weight: *weight });
    vec![Tier { candidates: candidates.collect(), closed: false }]
}

/// What one filter makes of the tiers; `by_place` gives the next ranks of a place-dependent one.
pub(super) fn step<'r>(
    tiers: Vec<Tier>,
    filter: &Filter,
    regions: &[&Region],
    by_place: &mut impl Iterator<Item = &'r Vec<u8>>,
) -> Vec<Tier> {
    match filter {
        Filter::Geo { .. } | Filter::Proximity => {
            let none = Vec::new();
            let ranks = by_place.next().unwrap_or(&none);
            split(tiers, |c| ranks.get(c.region).copied().unwrap_or(u8::MAX))
        }
        Filter::Failover { order } => {
            let ranks = ranks::failover(order, regions);
            split(tiers, |c| ranks.get(c.region).copied().unwrap_or(u8::MAX))
        }
        Filter::Weighted => {
            let mut tiers = split(tiers, |c| u8::from(c.weight == 0));
            tiers.iter_mut().for_each(|tier| tier.closed = true);
            tiers
        }
    }
}

/// Weight 0 means only if nothing else is left: such regions go behind all others.
pub(super) fn finish(tiers: Vec<Tier>) -> Vec<Tier> {
    let (mut some, mut none) = (Vec::new(), Vec::new());
    for tier in split(tiers.into_iter().map(|t| Tier { closed: false, ..t }).collect(), |c| {
        u8::from(c.weight == 0)
    }) {
        let is_zero = tier.candidates.iter().all(|c| c.weight == 0);
        if is_zero { none.push(tier) } else { some.push(tier) }
    }
    some.append(&mut none);
    some
}

fn split(tiers: Vec<Tier>, rank: impl Fn(&Candidate) -> u8) -> Vec<Tier> {
    let mut split = Vec::with_capacity(tiers.len());
    for tier in tiers {
        if tier.closed {
            split.push(tier);
            continue;
        }
        let mut candidates = tier.candidates;
        candidates.sort_by_key(|c| (rank(c), c.region));
        for group in candidates.chunk_by(|a, b| rank(a) == rank(b)) {
            split.push(Tier { candidates: group.to_vec(), closed: false });
        }
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions() -> Vec<Region> {
        ["a", "b", "c"]
            .map(|id| Region { id: id.parse().unwrap(), location: None, weight: 100, bias: 0 })
            .to_vec()
    }

    fn order(filters: Vec<Filter>, weights: &[u16], by_place: &Ranks) -> Vec<Vec<usize>> {
        let policy = Policy { id: "p".parse().unwrap(), filters, max_answers: 8 };
        let regions = regions();
        let regions: Vec<&Region> = regions.iter().collect();
        let tiers = tiers(Some(&policy), &regions, weights, by_place);
        tiers.iter().map(|t| t.candidates.iter().map(|c| c.region).collect()).collect()
    }

    fn failover(ids: &[&str]) -> Filter {
        Filter::Failover { order: ids.iter().map(|id| id.parse().unwrap()).collect() }
    }

    #[test]
    fn a_filter_splits_only_what_the_ones_before_left_tied() {
        let ranks = vec![vec![1, 0, 0]];
        assert_eq!(
            order(vec![Filter::Proximity, failover(&["c", "b", "a"])], &[1; 3], &ranks),
            [[2], [1], [0]]
        );
        assert_eq!(
            order(vec![failover(&["a"]), Filter::Proximity], &[1; 3], &ranks),
            [vec![0], vec![1, 2]]
        );
    }

    #[test]
    fn weighted_closes_a_tier() {
        assert_eq!(order(vec![Filter::Weighted, failover(&["c"])], &[1; 3], &vec![]), [[0, 1, 2]]);
        assert_eq!(
            order(vec![failover(&["c"]), Filter::Weighted], &[1; 3], &vec![]),
            [vec![2], vec![0, 1]]
        );
    }

    #[test]
    fn weight_zero_comes_only_when_nothing_else_is_left() {
        assert_eq!(order(vec![failover(&["a", "b"])], &[0, 5, 5], &vec![]), [[1], [2], [0]]);
        assert_eq!(order(vec![], &[0, 0, 0], &vec![]), [[0, 1, 2]]);
    }
}
