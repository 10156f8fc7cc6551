//! Why a client is answered as it is, told by the code that decides.

use super::pool_view::{Kind, PoolView};
use crate::steer::explain::{Trace, explain as trace};
use crate::steer::{Basis, Classifier, classifier::MapKey};
use geo::{ClassTable, Place, PlaceTable};
use gslb_consensus::model::{DnsName, Policy, SteeredName};
use gslb_consensus::state::{Revision, State};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Why a client is answered as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The name that was asked for.
    pub name: DnsName,
    /// The declared name that answers it: itself, or a wildcard.
    pub steered: DnsName,
    /// The zone that it lies in.
    pub zone: Option<DnsName>,
    /// The pool.
    pub pool: String,
    /// The policy, if one is declared.
    pub policy: Option<String>,
    /// TTL, seconds.
    pub ttl: u32,
    /// The client.
    pub client: IpAddr,
    /// What the place data says of the client.
    pub place: Place,
    /// The prefix of the place data that says so.
    pub place_prefix: String,
    /// The client's class in the name's map; 0 where places play no part.
    pub class: u16,
    /// The scope of an answer to a query that carries the client's /24 or /56.
    pub scope: u8,
    /// The agreed state that this rests on.
    pub revision: Revision,
    /// One step a filter, then the weights.
    pub steps: Vec<ExplainedStep>,
    /// `up`, `all-sick` (nothing is up) or `all-out` (operators took everything out).
    pub basis: String,
    /// The regions of the pool, and what counts of each.
    pub regions: Vec<ExplainedRegion>,
}

/// What one filter left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainedStep {
    /// The filter's word.
    pub filter: String,
    /// Its tiers after this step, best first.
    pub tiers: Vec<Vec<String>>,
    /// Why, a line for each region that was set apart.
    pub notes: Vec<String>,
}

/// What counts of a region in the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainedRegion {
    /// Its id.
    pub id: String,
    /// The weight that counts.
    pub weight: u16,
    /// Whether enough of its endpoints are up.
    pub up: bool,
    /// Its share of the answers to this client, 0 to 1.
    pub share: f64,
    /// Its endpoints.
    pub endpoints: Vec<ExplainedEndpoint>,
}

/// What counts of an endpoint in the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainedEndpoint {
    /// Its id.
    pub id: String,
    /// What is answered.
    pub target: String,
    /// Its weight within the region.
    pub weight: u16,
    /// Its state and why.
    pub state: String,
    /// Whether it can be in the answer to this client.
    pub given: bool,
}

/// Explains what `client` is answered for `name`; `None` if no steered name answers it.
///
/// `places` holds the place data with the operator's prefixes over it, as the serving set was built from.
#[must_use]
pub fn explain(
    state: &State,
    places: &PlaceTable,
    name: &DnsName,
    client: IpAddr,
) -> Option<Explanation> {
    let steered = find(state, name)?;
    let pool = state.config.pools.get(&steered.pool)?;
    let policy =
        steered.policy.as_ref().and_then(|id| state.config.policies.get(id)).map(AsRef::as_ref);
    let view = PoolView::new(state, pool);
    let key = MapKey::new(&state.config, policy, pool);
    let by_place = key.is_by_place();
    let mut classifier = Classifier::new(key);
    let (place, prefix) = places.place_of(client);
    let ranks = classifier.ranks(place);
    let (class, scope) = if by_place {
        let map = ClassTable::build(places, |place| classifier.class(place));
        let length = if client.is_ipv4() { 24 } else { 56 };
        (map.class_of_source(client), map.class_of_subnet(client, length).1)
    } else {
        (0, 0)
    };
    let trace = trace(policy, &view.regions(), &view.weights, &ranks, &view.health);
    Some(Explanation {
        name: name.clone(),
        steered: steered.name.clone(),
        zone: state.config.zone_of(name).map(|z| z.name.clone()),
        pool: pool.id.to_string(),
        policy: steered.policy.as_ref().map(ToString::to_string),
        ttl: steered.ttl,
        client,
        place: place.clone(),
        place_prefix: prefix.to_string(),
        class,
        scope,
        revision: state.revision(),
        steps: steps(&view, policy, &trace),
        basis: basis_word(trace.choice.basis).to_owned(),
        regions: regions(state, &view, &trace),
    })
}

/// The steered name that answers `name`: itself, or the wildcard at its closest encloser (RFC 4592 3.3.1).
fn find<'s>(state: &'s State, name: &DnsName) -> Option<&'s SteeredName> {
    let config = &state.config;
    if let Some(own) = config.names.get(name) {
        return Some(own);
    }
    let zone = config.zone_of(name)?;
    // In canonical order, what lies below a name follows it.
    let exists = |name: &DnsName| {
        zone.records.from_owner(name).next().is_some_and(|r| r.is_in(name))
            || config.names.range(name..).next().is_some_and(|(n, _)| n.is_in(name))
    };
    let mut at = Some(name.clone());
    while let Some(encloser) = at.filter(|n| n.is_in(&zone.name)) {
        if exists(&encloser) {
            let mut wildcard = b"\x01*".to_vec();
            wildcard.extend(encloser.wire());
            let wildcard = DnsName::from_wire(&wildcard).ok()?;
            return config.names.get(&wildcard).map(AsRef::as_ref).filter(|_| encloser != *name);
        }
        at = encloser.parent();
    }
    None
}

fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::Up => "up",
        Basis::AllSick => "all-sick",
        Basis::AllOut => "all-out",
    }
}

fn steps(view: &PoolView, policy: Option<&Policy>, trace: &Trace) -> Vec<ExplainedStep> {
    let id = |region: usize| view.regions.get(region).map_or(String::new(), |r| r.id.to_string());
    let step = |(n, step): (usize, &crate::steer::explain::Step)| {
        let tiers = step
            .tiers
            .iter()
            .map(|t| t.candidates.iter().map(|c| id(c.region)).collect())
            .collect();
        let filter = policy.and_then(|p| p.filters.get(n));
        let mut notes: Vec<String> = Vec::new();
        if let Some(ranks) = &step.ranks {
            notes.extend(
                ranks
                    .iter()
                    .enumerate()
                    .map(|(region, rank)| format!("{} rank {rank}", id(region))),
            );
        } else if filter.is_none() {
            notes.extend(
                view.weights
                    .iter()
                    .enumerate()
                    .map(|(region, weight)| format!("{} weight {weight}", id(region))),
            );
        }
        ExplainedStep { filter: step.filter.to_owned(), tiers, notes }
    };
    trace.steps.iter().enumerate().map(step).collect()
}

fn regions(state: &State, view: &PoolView, trace: &Trace) -> Vec<ExplainedRegion> {
    let chosen = &trace.choice.candidates;
    let sum: u32 = chosen.iter().map(|c| u32::from(c.weight)).sum();
    let region = |(n, region): (usize, &std::sync::Arc<gslb_consensus::model::Region>)| {
        let candidate = chosen.iter().find(|c| c.region == n);
        let share = candidate.map_or(0.0, |c| {
            if sum == 0 { 1.0 / chosen.len() as f64 } else { f64::from(c.weight) / f64::from(sum) }
        });
        let given: Vec<&str> = [Kind::V4, Kind::V6, Kind::Alias]
            .into_iter()
            .filter(|_| candidate.is_some())
            .flat_map(|kind| view.given(n, trace.choice.basis, kind))
            .map(|e| e.id.as_str())
            .collect();
        let here = view.pool.endpoints.iter().filter(|e| e.region == region.id);
        let endpoints = here.map(|e| {
            let (endpoint_state, why) = state.endpoint_state(&view.pool, e);
            ExplainedEndpoint {
                id: e.id.to_string(),
                target: e.target.to_string(),
                weight: e.weight,
                state: format!("{endpoint_state} ({why})"),
                given: given.contains(&e.id.as_str()),
            }
        });
        ExplainedRegion {
            id: region.id.to_string(),
            weight: view.weights.get(n).copied().unwrap_or(0),
            up: view.health.get(n).is_some_and(|h| h.up),
            share,
            endpoints: endpoints.collect(),
        }
    };
    view.regions.iter().enumerate().map(region).collect()
}
