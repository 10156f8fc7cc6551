//! The steps of a decision, told one by one by the code that decides.

use super::choice::{Choice, RegionHealth, choose};
use super::classifier::Ranks;
use super::tiers::{Tier, finish, start, step};
use gslb_consensus::model::{Policy, Region};

/// What one filter left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The filter's word; `weights` for the last step, which every decision has.
    pub filter: &'static str,
    /// The ranks that a place gave each region, if the filter goes by place.
    pub ranks: Option<Vec<u8>>,
    /// The regions by tier, best first.
    pub tiers: Vec<Tier>,
}

/// A decision with its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// One step a filter, and the last one.
    pub steps: Vec<Step>,
    /// What was chosen.
    pub choice: Choice,
}

/// Decides as [`super::tiers()`] and [`choose`] do, keeping every step.
#[must_use]
pub fn explain(
    policy: Option<&Policy>,
    regions: &[&Region],
    weights: &[u16],
    by_place: &Ranks,
    health: &[RegionHealth],
) -> Trace {
    let mut steps = Vec::new();
    let mut tiers = start(weights);
    let mut ranks = by_place.iter();
    for filter in policy.map_or(&[][..], |p| &p.filters) {
        let shown = if filter.is_by_place() { ranks.clone().next().cloned() } else { None };
        tiers = step(tiers, filter, regions, &mut ranks);
        steps.push(Step { filter: filter.word(), ranks: shown, tiers: tiers.clone() });
    }
    let tiers = finish(tiers);
    let choice = choose(&tiers, health);
    steps.push(Step { filter: "weights", ranks: None, tiers });
    Trace { steps, choice }
}
