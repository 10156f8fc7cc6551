//! The rows of a table: what each class of a map is answered from a pool by a policy.

use super::bodies::BodyId;
use super::pool_view::{Kind, PoolView};
use super::sample::{SUBSETS, subsets};
use super::table::{Answers, Table, TableBuilder, TableFault, WeightedAnswer};
use crate::steer::{Basis, Choice, Ranks, choose, tiers};
use crate::wire::code::rtype;
use gslb_consensus::model::{Endpoint, Policy, Target};
use std::collections::HashMap;
use std::net::IpAddr;

/// Shares within a region are told in parts of this.
const PARTS: u32 = 1 << 16;

/// Builds the table of one pool and policy over the classes of a map.
///
/// `region_index` says how a region is counted.
///
/// # Errors
/// An answer that fits no message, or too many of them: bugs of the limits, not of the operator.
pub fn table(
    view: &PoolView,
    policy: Option<&Policy>,
    ttl: u32,
    classes: &[Ranks],
    region_index: &[u16],
) -> Result<Table, TableFault> {
    let most =
        usize::from(policy.map_or(gslb_consensus::model::limits::ANSWERS_MAX, |p| p.max_answers));
    let mut rows = Rows {
        view,
        ttl,
        most,
        region_index,
        builder: TableBuilder::default(),
        known: HashMap::new(),
    };
    let regions = view.regions();
    for class in classes {
        let tiers = tiers(policy, &regions, &view.weights, class);
        let choice = choose(&tiers, &view.health);
        rows.push(&choice)?;
    }
    Ok(rows.builder.finish())
}

/// The answers of one region, and the share of each in [`PARTS`].
type RegionAnswers = Vec<(Answers, u32)>;

struct Rows<'v> {
    view: &'v PoolView,
    ttl: u32,
    most: usize,
    region_index: &'v [u16],
    builder: TableBuilder,
    known: HashMap<(usize, Basis), RegionAnswers>,
}

impl Rows<'_> {
    fn push(&mut self, choice: &Choice) -> Result<(), TableFault> {
        let mut row = Vec::new();
        for candidate in &choice.candidates {
            let answers = match self.known.get(&(candidate.region, choice.basis)) {
                Some(answers) => answers.clone(),
                None => {
                    let answers = self.answers(candidate.region, choice.basis)?;
                    self.known.insert((candidate.region, choice.basis), answers.clone());
                    answers
                }
            };
            let region = self.region_index.get(candidate.region).copied().unwrap_or(0);
            let all_zero = choice.candidates.iter().all(|c| c.weight == 0);
            let weight = if all_zero { 1 } else { u32::from(candidate.weight) };
            row.extend(answers.into_iter().map(|(answers, parts)| WeightedAnswer {
                region,
                weight: weight * parts,
                answers,
            }));
        }
        self.builder.push_row(&row)
    }

    /// What a region is answered with, whole or in subsets.
    fn answers(&mut self, region: usize, basis: Basis) -> Result<RegionAnswers, TableFault> {
        let view = self.view;
        let aliases = view.given(region, basis, Kind::Alias);
        if !aliases.is_empty() {
            return self.aliases(&aliases);
        }
        let v4 = self.family(&view.given(region, basis, Kind::V4), rtype::A)?;
        let v6 = self.family(&view.given(region, basis, Kind::V6), rtype::AAAA)?;
        let count = v4.len().max(v6.len()).max(1);
        let parts = PARTS / count as u32;
        let of = |bodies: &[BodyId], n: usize| bodies.get(n).or_else(|| bodies.first()).copied();
        Ok((0..count)
            .map(|n| (Answers::Addresses { a: of(&v4, n), aaaa: of(&v6, n) }, parts))
            .collect())
    }

    /// One body a subset: none, one, or [`SUBSETS`].
    fn family(&mut self, endpoints: &[&Endpoint], rtype: u16) -> Result<Vec<BodyId>, TableFault> {
        if endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let weights: Vec<u16> = endpoints.iter().map(|e| e.weight).collect();
        let mut bodies = Vec::new();
        for subset in subsets(&weights, self.most) {
            let rdatas: Vec<Vec<u8>> =
                subset.iter().filter_map(|n| endpoints.get(*n)).filter_map(|e| rdata(e)).collect();
            bodies.push(self.builder.add_answer(rtype, self.ttl, &rdatas)?);
        }
        debug_assert!(
            bodies.len() == 1 || bodies.len() == SUBSETS as usize,
            "families share their subsets"
        );
        Ok(bodies)
    }

    /// An alias is one answer; several share by endpoint weight.
    fn aliases(&mut self, endpoints: &[&Endpoint]) -> Result<RegionAnswers, TableFault> {
        let sum: u32 = endpoints.iter().map(|e| u32::from(e.weight)).sum();
        let mut answers = Vec::new();
        for endpoint in endpoints {
            let Target::Alias(target) = &endpoint.target else { continue };
            let body = self.builder.add_alias(self.ttl, target.wire())?;
            let parts = (PARTS * u32::from(endpoint.weight))
                .checked_div(sum)
                .unwrap_or(PARTS / endpoints.len() as u32);
            answers.push((Answers::Alias(body), parts.max(1)));
        }
        Ok(answers)
    }
}

fn rdata(endpoint: &Endpoint) -> Option<Vec<u8>> {
    match endpoint.target {
        Target::Address(IpAddr::V4(v4)) => Some(v4.octets().to_vec()),
        Target::Address(IpAddr::V6(v6)) => Some(v6.octets().to_vec()),
        Target::Alias(_) => None,
    }
}
