//! From tiers and health to the regions that are drawn among.

use super::tiers::{Candidate, Tier};

/// What counts of a region of a pool when it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionHealth {
    /// Whether as many of its endpoints are up as the pool asks for.
    pub up: bool,
    /// Whether it has endpoints that are up or merely sick: not drained, not forced down.
    pub servable: bool,
}

/// What a choice rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Regions that are up.
    Up,
    /// Nothing is up: endpoints that probes call down are given all the same.
    AllSick,
    /// Nothing is left that an operator did not take out: everything is given.
    AllOut,
}

/// The regions that one is drawn among, by weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Position of the tier, from 0.
    pub tier: usize,
    /// Why these.
    pub basis: Basis,
    /// The regions, never none if the pool has any.
    pub candidates: Vec<Candidate>,
}

/// The first tier with a region that is up; nothing up: the first with one that can be served; else the first.
#[must_use]
pub fn choose(tiers: &[Tier], health: &[RegionHealth]) -> Choice {
    let of = |c: &Candidate| {
        health.get(c.region).copied().unwrap_or(RegionHealth { up: false, servable: false })
    };
    let pick = |basis, wanted: &dyn Fn(&Candidate) -> bool| {
        tiers.iter().enumerate().find_map(|(tier, t)| {
            let candidates: Vec<Candidate> = t.candidates.iter().copied().filter(wanted).collect();
            (!candidates.is_empty()).then_some(Choice { tier, basis, candidates })
        })
    };
    pick(Basis::Up, &|c| of(c).up)
        .or_else(|| pick(Basis::AllSick, &|c| of(c).servable))
        .or_else(|| pick(Basis::AllOut, &|_| true))
        .unwrap_or(Choice { tier: 0, basis: Basis::AllOut, candidates: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::tiers;

    const UP: RegionHealth = RegionHealth { up: true, servable: true };
    const SICK: RegionHealth = RegionHealth { up: false, servable: true };
    const OUT: RegionHealth = RegionHealth { up: false, servable: false };

    #[test]
    fn every_state_of_two_tiers_has_its_declared_choice() {
        // Region 0 has weight, region 1 has none: two tiers.
        let two = tiers(None, &[], &[5, 0], &vec![]);
        for (health, tier, basis) in [
            ([UP, UP], 0, Basis::Up),
            ([UP, SICK], 0, Basis::Up),
            ([SICK, UP], 1, Basis::Up),
            ([OUT, UP], 1, Basis::Up),
            ([SICK, SICK], 0, Basis::AllSick),
            ([SICK, OUT], 0, Basis::AllSick),
            ([OUT, SICK], 1, Basis::AllSick),
            ([OUT, OUT], 0, Basis::AllOut),
        ] {
            let choice = choose(&two, &health);
            assert_eq!(
                (choice.tier, choice.basis, choice.candidates.len()),
                (tier, basis, 1),
                "{health:?}"
            );
        }
    }
}
