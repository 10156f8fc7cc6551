//! One thing that answers follow from.

use crate::model::{
    Config, DnsName, EndpointId, PlacePatch, Policy, PolicyId, Pool, PoolId, Region, RegionId,
    SteeredName, Zone,
};
use crate::state::{
    Health, NodeRecord, ObserverRecord, Override, OverrideKind, OverrideTarget, Revision,
    RuntimeWeight, State,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that answers follow from. The order is part of the format: add at the end only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    /// A zone with its records.
    Zone(Arc<Zone>),
    /// The serial that is served for a zone.
    Serial(DnsName, u32),
    /// A region as declared.
    Region(Arc<Region>),
    /// A pool with its endpoints; its monitor by name only.
    Pool(Arc<Pool>),
    /// A policy.
    Policy(Arc<Policy>),
    /// A steered name.
    Name(Arc<SteeredName>),
    /// All operator prefixes over the place data.
    Places(Arc<Vec<PlacePatch>>),
    /// A region's runtime weight: in one pool, or in all without one of their own.
    Weight(RegionId, Option<PoolId>, Weight),
    /// What an operator says over health.
    Override(OverrideTarget, Said),
    /// The agreed health of an endpoint.
    Health(EndpointId, Health),
    /// A member of the cluster: who can be followed, and where changes go.
    Member(u64, NodeRecord),
    /// An observer that may follow: its number only.
    Observer(u64),
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as the objects")]
pub enum Key {
    Zone(DnsName),
    Serial(DnsName),
    Region(RegionId),
    Pool(PoolId),
    Policy(PolicyId),
    Name(DnsName),
    Places,
    Weight(RegionId, Option<PoolId>),
    Override(OverrideTarget),
    Health(EndpointId),
    Member(u64),
    Observer(u64),
}

/// A runtime weight, without who set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    weight: u16,
    declared: u16,
    at_ms: u64,
    changed: Revision,
}

/// An override, without who said it and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    kind: OverrideKind,
    since_ms: u64,
    expires_ms: Option<u64>,
    changed: Revision,
}

impl From<&RuntimeWeight> for Weight {
    fn from(of: &RuntimeWeight) -> Self {
        let RuntimeWeight { weight, declared, at_ms, changed, .. } = *of;
        Self { weight, declared, at_ms, changed }
    }
}

impl From<Weight> for RuntimeWeight {
    fn from(of: Weight) -> Self {
        let Weight { weight, declared, at_ms, changed } = of;
        Self { weight, declared, actor: String::new(), at_ms, changed }
    }
}

impl From<&Override> for Said {
    fn from(of: &Override) -> Self {
        let Override { kind, since_ms, expires_ms, changed, .. } = *of;
        Self { kind, since_ms, expires_ms, changed }
    }
}

impl From<Said> for Override {
    fn from(of: Said) -> Self {
        let Said { kind, since_ms, expires_ms, changed } = of;
        let (reason, owner) = (String::new(), String::new());
        Self { kind, reason, owner, since_ms, expires_ms, changed }
    }
}

impl Object {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Zone(zone) => Key::Zone(zone.name.clone()),
            Self::Serial(zone, _) => Key::Serial(zone.clone()),
            Self::Region(region) => Key::Region(region.id.clone()),
            Self::Pool(pool) => Key::Pool(pool.id.clone()),
            Self::Policy(policy) => Key::Policy(policy.id.clone()),
            Self::Name(name) => Key::Name(name.name.clone()),
            Self::Places(_) => Key::Places,
            Self::Weight(region, pool, _) => Key::Weight(region.clone(), pool.clone()),
            Self::Override(target, _) => Key::Override(target.clone()),
            Self::Health(endpoint, _) => Key::Health(endpoint.clone()),
            Self::Member(id, _) => Key::Member(*id),
            Self::Observer(id) => Key::Observer(*id),
        }
    }

    /// Its bytes; equal objects give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Only a value without a length of its own could fail, and there is none.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// The object of that key in a state.
    pub(super) fn find(state: &State, key: &Key) -> Option<Self> {
        let config = &state.config;
        match key {
            Key::Zone(name) => config.zones.get(name).cloned().map(Self::Zone),
            Key::Serial(name) => state.serials.get(name).map(|s| Self::Serial(name.clone(), *s)),
            Key::Region(id) => config.regions.get(id).cloned().map(Self::Region),
            Key::Pool(id) => config.pools.get(id).cloned().map(Self::Pool),
            Key::Policy(id) => config.policies.get(id).cloned().map(Self::Policy),
            Key::Name(name) => config.names.get(name).cloned().map(Self::Name),
            Key::Places => {
                (!config.places.is_empty()).then(|| Self::Places(Arc::clone(&config.places)))
            }
            Key::Weight(region, pool) => {
                let weights = &state.weights;
                let found = match pool {
                    None => weights.regions.get(region),
                    Some(pool) => weights.pools.get(&(pool.clone(), region.clone())),
                };
                found.map(|w| Self::Weight(region.clone(), pool.clone(), w.into()))
            }
            Key::Override(target) => {
                let found = state.overrides.get(target);
                found.map(|said| Self::Override(target.clone(), said.into()))
            }
            Key::Health(id) => {
                state.health.agreed.get(id).map(|h| Self::Health(id.clone(), h.clone()))
            }
            Key::Member(id) => state.nodes.get(id).map(|r| Self::Member(*id, r.clone())),
            Key::Observer(id) => state.observers.get(id).map(|_| Self::Observer(*id)),
        }
    }

    /// Puts it into a state in the place of the one of its key.
    pub(super) fn put(self, state: &mut State) {
        let config = |state: &mut State, put: &dyn Fn(&mut Config)| {
            put(Arc::make_mut(&mut state.config));
        };
        match self {
            Self::Zone(zone) => config(state, &|c| {
                c.zones.insert(zone.name.clone(), Arc::clone(&zone));
            }),
            Self::Region(region) => config(state, &|c| {
                c.regions.insert(region.id.clone(), Arc::clone(&region));
            }),
            Self::Pool(pool) => config(state, &|c| {
                c.pools.insert(pool.id.clone(), Arc::clone(&pool));
            }),
            Self::Policy(policy) => config(state, &|c| {
                c.policies.insert(policy.id.clone(), Arc::clone(&policy));
            }),
            Self::Name(name) => config(state, &|c| {
                c.names.insert(name.name.clone(), Arc::clone(&name));
            }),
            Self::Places(places) => config(state, &|c| c.places = Arc::clone(&places)),
            Self::Serial(zone, serial) => {
                Arc::make_mut(&mut state.serials).insert(zone, serial);
            }
            Self::Weight(region, pool, weight) => {
                let weights = Arc::make_mut(&mut state.weights);
                match pool {
                    None => weights.regions.insert(region, weight.into()),
                    Some(pool) => weights.pools.insert((pool, region), weight.into()),
                };
            }
            Self::Override(target, said) => {
                Arc::make_mut(&mut state.overrides).insert(target, said.into());
            }
            Self::Health(id, health) => {
                Arc::make_mut(&mut state.health).agreed.insert(id, health);
            }
            Self::Member(id, record) => {
                Arc::make_mut(&mut state.nodes).insert(id, record);
            }
            Self::Observer(id) => {
                Arc::make_mut(&mut state.observers).insert(id, ObserverRecord::default());
            }
        }
    }

    /// Takes the object of that key out of a state.
    pub(super) fn take(state: &mut State, key: &Key) {
        match key {
            Key::Zone(name) => drop(Arc::make_mut(&mut state.config).zones.remove(name)),
            Key::Region(id) => drop(Arc::make_mut(&mut state.config).regions.remove(id)),
            Key::Pool(id) => drop(Arc::make_mut(&mut state.config).pools.remove(id)),
            Key::Policy(id) => drop(Arc::make_mut(&mut state.config).policies.remove(id)),
            Key::Name(name) => drop(Arc::make_mut(&mut state.config).names.remove(name)),
            Key::Places => Arc::make_mut(&mut state.config).places = Arc::default(),
            Key::Serial(name) => {
                Arc::make_mut(&mut state.serials).remove(name);
            }
            Key::Weight(region, None) => {
                Arc::make_mut(&mut state.weights).regions.remove(region);
            }
            Key::Weight(region, Some(pool)) => {
                let key = (pool.clone(), region.clone());
                Arc::make_mut(&mut state.weights).pools.remove(&key);
            }
            Key::Override(target) => {
                Arc::make_mut(&mut state.overrides).remove(target);
            }
            Key::Health(id) => {
                Arc::make_mut(&mut state.health).agreed.remove(id);
            }
            Key::Member(id) => {
                Arc::make_mut(&mut state.nodes).remove(id);
            }
            Key::Observer(id) => {
                Arc::make_mut(&mut state.observers).remove(id);
            }
        }
    }
}
