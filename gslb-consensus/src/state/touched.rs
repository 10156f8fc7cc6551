//! What two configurations differ in, object by object: for rights and for the audit trail.

use crate::model::{Config, DnsName, Endpoint, Pool, RegionId, document};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    /// A zone.
    Zone(DnsName),
    /// A name, with the zone that it lies in.
    Name(DnsName, Option<DnsName>),
    /// A region.
    Region(RegionId),
    /// Endpoints of a pool, which is otherwise the same, in these regions.
    Endpoints(String, BTreeSet<RegionId>),
    /// Anything else: a pool, monitor, policy or the operators' prefixes, by its path.
    Other(String),
}

impl Touched {
    /// Its path, as `regions[fra]`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Zone(zone) => format!("zones[{zone}]"),
            Self::Name(name, _) => format!("names[{name}]"),
            Self::Region(region) => format!("regions[{region}]"),
            Self::Endpoints(pool, _) => format!("pools[{pool}]"),
            Self::Other(path) => path.clone(),
        }
    }
}

/// Every object that differs, in the order of the canonical form.
pub(super) fn touched(old: &Config, new: &Config) -> Vec<Touched> {
    let mut found: Vec<Touched> =
        differing(&old.zones, &new.zones).into_iter().cloned().map(Touched::Zone).collect();
    found.extend(differing(&old.regions, &new.regions).into_iter().cloned().map(Touched::Region));
    let other = |kind: &str, id: &dyn std::fmt::Display| Touched::Other(format!("{kind}[{id}]"));
    found.extend(differing(&old.monitors, &new.monitors).iter().map(|id| other("monitors", id)));
    for id in differing(&old.pools, &new.pools) {
        found.push(match (old.pools.get(id), new.pools.get(id)) {
            (Some(a), Some(b)) if a.monitor == b.monitor && a.min_healthy == b.min_healthy => {
                Touched::Endpoints(id.to_string(), endpoints(a, b))
            }
            _ => other("pools", id),
        });
    }
    found.extend(differing(&old.policies, &new.policies).iter().map(|id| other("policies", id)));
    for name in differing(&old.names, &new.names) {
        let zone = new.zone_of(name).or_else(|| old.zone_of(name));
        found.push(Touched::Name(name.clone(), zone.map(|zone| zone.name.clone())));
    }
    if old.places != new.places {
        found.push(Touched::Other("places".to_owned()));
    }
    found
}

/// The keys whose values differ.
fn differing<'c, K: Ord, V: PartialEq>(
    old: &'c BTreeMap<K, Arc<V>>,
    new: &'c BTreeMap<K, Arc<V>>,
) -> Vec<&'c K> {
    let same = |a: &Arc<V>, b: &Arc<V>| Arc::ptr_eq(a, b) || a == b;
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    let other = new.iter().filter(|(key, b)| old.get(*key).is_none_or(|a| !same(a, b)));
    let mut keys: Vec<&K> = gone.chain(other.map(|(key, _)| key)).collect();
    keys.sort();
    keys
}

/// The regions of the endpoints that differ, before and after.
fn endpoints(old: &Pool, new: &Pool) -> BTreeSet<RegionId> {
    let by_id = |pool: &Pool| -> BTreeMap<String, Endpoint> {
        pool.endpoints.iter().map(|e| (e.id.to_string(), e.clone())).collect()
    };
    let (old, new) = (by_id(old), by_id(new));
    let one_way = |these: &BTreeMap<String, Endpoint>, those: &BTreeMap<String, Endpoint>| {
        let differ = these.iter().filter(|(id, e)| those.get(*id) != Some(e));
        differ.map(|(_, e)| e.region.clone()).collect::<BTreeSet<_>>()
    };
    one_way(&old, &new).into_iter().chain(one_way(&new, &old)).collect()
}

/// A pool with more endpoints than this is told by their count.
const ENDPOINTS_TOLD: usize = 50;

/// What a configuration says of an object, in one line; a zone is told by its count of records.
pub(super) fn told(config: &Config, object: &Touched) -> Option<String> {
    let mut alone = Config::default();
    /// Puts the object of that path into a configuration of its own.
    macro_rules! keep {
        ($field:ident) => {
            for (key, value) in &config.$field {
                if object.path() == format!(concat!(stringify!($field), "[{}]"), key) {
                    alone.$field.insert(key.clone(), Arc::clone(value));
                }
            }
        };
    }
    match object {
        Touched::Zone(name) => {
            let zone = config.zones.get(name)?;
            return Some(format!("{}: {} records", object.path(), zone.records.len()));
        }
        Touched::Name(name, _) => {
            alone.names.insert(name.clone(), Arc::clone(config.names.get(name)?));
        }
        Touched::Region(id) => {
            alone.regions.insert(id.clone(), Arc::clone(config.regions.get(id)?));
        }
        Touched::Other(path) if path == "places" => {
            return Some(format!("places: {}", config.places.len()));
        }
        Touched::Endpoints(..) | Touched::Other(_) => {
            keep!(pools);
            keep!(monitors);
            keep!(policies);
        }
    }
    if let Some(pool) = alone.pools.values().next()
        && pool.endpoints.len() > ENDPOINTS_TOLD
    {
        return Some(format!("{}: {} endpoints", object.path(), pool.endpoints.len()));
    }
    let text = document::write(&alone);
    // Without the heading: the path says it already.
    let body = text.lines().filter(|line| !line.starts_with("[[") && !line.is_empty());
    let body = body.collect::<Vec<_>>().join("; ");
    (!body.is_empty()).then(|| format!("{}: {body}", object.path()))
}
