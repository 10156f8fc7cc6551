//! The rules that a whole configuration keeps, beyond those of each field.

use super::config::Config;
use super::fault::Faults;
use super::limits;
use super::name::DnsName;
use super::policy::Filter;
use super::pool::Pool;
use super::record::{RecordRef, rtype};
use super::zone::Zone;
use std::collections::BTreeSet;

/// Everything that is wrong with `config` as a whole.
#[must_use]
pub fn check(config: &Config) -> Faults {
    let mut faults = Faults::default();
    counts(config, &mut faults);
    config.zones.values().for_each(|zone| check_zone(zone, &mut faults));
    config.pools.values().for_each(|pool| check_pool(config, pool, &mut faults));
    check_endpoint_ids(config, &mut faults);
    check_policies(config, &mut faults);
    check_names(config, &mut faults);
    let mut prefixes = BTreeSet::new();
    for place in config.places.iter() {
        if !prefixes.insert(place.prefix) {
            faults.add(format!("places[{}]", place.prefix), "this prefix is declared twice");
        }
    }
    faults
}

fn counts(config: &Config, faults: &mut Faults) {
    let records = config.zones.values().map(|z| z.records.len()).sum();
    for (what, count, most) in [
        ("zones", config.zones.len(), limits::ZONES_MAX),
        ("regions", config.regions.len(), limits::REGIONS_MAX),
        ("endpoints", config.endpoints().count(), limits::ENDPOINTS_MAX),
        ("records", records, limits::RECORDS_MAX),
        ("places", config.places.len(), limits::PLACES_MAX),
    ] {
        if count > most {
            faults.add(what, format!("{count} are declared; at most {most} are served"));
        }
    }
}

fn check_zone(zone: &Zone, faults: &mut Faults) {
    let path = |record: RecordRef<'_>| format!("zones[{}].{}", zone.name, record.owner_name());
    let count = |rtype: u16| zone.rrset(&zone.name, rtype).count();
    if count(rtype::SOA) != 1 {
        faults.add(
            format!("zones[{}]", zone.name),
            format!("a zone has one SOA record at its apex; this has {}", count(rtype::SOA)),
        );
    }
    if count(rtype::NS) == 0 {
        faults
            .add(format!("zones[{}]", zone.name), "a zone has at least one NS record at its apex");
    }
    // In canonical order a zone cut stands before all that lies below it, and nothing else between.
    let mut cut: Option<RecordRef<'_>> = None;
    for records in zone.records.by_owner() {
        let Some(first) = records.clone().next() else { continue };
        let has = |rtype: u16| records.clone().any(|r| r.rtype == rtype);
        let at_apex = first.owner == zone.name.wire();
        if has(rtype::CNAME) && records.clone().count() > 1 {
            faults.add(path(first), "a CNAME stands alone at its owner name (RFC 1034 3.6.2)");
        }
        for record in records.clone().filter(|r| r.rtype == rtype::SOA && !at_apex) {
            faults.add(path(record), "a SOA record stands only at the apex");
        }
        if first.owner.starts_with(b"\x01*") && has(rtype::NS) {
            faults.add(path(first), "a wildcard cannot be delegated (RFC 4592 4.2)");
        }
        for record in records.clone().filter(|r| r.ttl > limits::RECORD_TTL_MAX) {
            let most = limits::RECORD_TTL_MAX;
            faults.add(path(record), format!("a TTL is at most {most} (RFC 2181 8)"));
        }
        cut = cut.filter(|cut| first.is_below(cut));
        if let Some(cut) = cut {
            if !records.clone().all(|r| [rtype::A, rtype::AAAA].contains(&r.rtype)) {
                let cut = cut.owner_name();
                let what = format!("below the zone cut at {cut} only glue (A, AAAA) can stand");
                faults.add(path(first), what);
            }
        } else if has(rtype::NS) && !at_apex && first.is_in(&zone.name) {
            cut = Some(first);
            let allowed = [rtype::NS, rtype::DS, rtype::A, rtype::AAAA];
            if !records.clone().all(|r| allowed.contains(&r.rtype)) {
                faults.add(path(first), "at a zone cut only NS, DS and glue can stand");
            }
        }
    }
}

fn check_pool(config: &Config, pool: &Pool, faults: &mut Faults) {
    let path = format!("pools[{}]", pool.id);
    if pool.endpoints.is_empty() {
        faults.add(&path, "a pool has at least one endpoint");
    }
    if let Some(monitor) = pool.monitor.as_ref().filter(|m| !config.monitors.contains_key(*m)) {
        faults.add(format!("{path}.monitor"), format!("there is no monitor {monitor}"));
    }
    let all = pool.families(None);
    if all.alias && (all.v4 || all.v6) {
        faults.add(
            &path,
            "a pool holds addresses or aliases, never both: the types of a name do not vary",
        );
    }
    for region in pool.regions() {
        if !config.regions.contains_key(region) {
            faults.add(format!("{path}.endpoints"), format!("there is no region {region}"));
        }
        let here = pool.families(Some(region));
        let missing = [(all.v4 && !here.v4, "IPv4"), (all.v6 && !here.v6, "IPv6")];
        for (_, family) in missing.iter().filter(|(is_missing, _)| *is_missing) {
            faults.add(
                &path,
                format!("region {region} has no {family} endpoint but other regions have: the types of a name do not vary by place or health"),
            );
        }
        let count = pool.endpoints.iter().filter(|e| e.region == *region).count();
        if count > limits::ENDPOINTS_PER_REGION_MAX {
            faults.add(
                &path,
                format!(
                    "region {region} has {count} endpoints; at most {} are served",
                    limits::ENDPOINTS_PER_REGION_MAX
                ),
            );
        }
        if usize::from(pool.min_healthy) > count {
            faults.add(
                format!("{path}.min_healthy"),
                format!("region {region} has only {count} endpoints: it could never be up"),
            );
        }
    }
    for endpoint in pool.endpoints.iter().filter(|e| pool.monitor.is_some() && e.probe.is_none()) {
        if let super::endpoint::Target::Alias(_) = endpoint.target {
            let at = format!("{path}.endpoints[{}]", endpoint.id);
            faults.add(at, "a monitored alias needs a `probe` address");
        }
    }
}

fn check_endpoint_ids(config: &Config, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (pool, endpoint) in config.endpoints() {
        let path = format!("pools[{}].endpoints[{}]", pool.id, endpoint.id);
        if !seen.insert(&endpoint.id) {
            faults.add(&path, "an endpoint id is declared twice");
        }
        if config.regions.contains_key(endpoint.id.as_str()) {
            faults.add(&path, "an endpoint cannot have the id of a region: commands name both");
        }
    }
}

fn check_policies(config: &Config, faults: &mut Faults) {
    for policy in config.policies.values() {
        let mut named: BTreeSet<&super::RegionId> = BTreeSet::new();
        for filter in &policy.filters {
            match filter {
                Filter::Geo { rules } => named.extend(rules.iter().flat_map(|r| &r.regions)),
                Filter::Failover { order } => named.extend(order),
                Filter::Proximity | Filter::Weighted => {}
            }
        }
        for region in named.into_iter().filter(|r| !config.regions.contains_key(*r)) {
            faults.add(format!("policies[{}]", policy.id), format!("there is no region {region}"));
        }
    }
}

fn check_names(config: &Config, faults: &mut Faults) {
    for name in config.names.values() {
        let path = format!("names[{}]", name.name);
        let pool = config.pools.get(&name.pool);
        if pool.is_none() {
            faults.add(format!("{path}.pool"), format!("there is no pool {}", name.pool));
        }
        let policy = name.policy.as_ref();
        if let Some(policy) = policy.filter(|p| !config.policies.contains_key(*p)) {
            faults.add(format!("{path}.policy"), format!("there is no policy {policy}"));
        }
        let by_distance = policy
            .and_then(|p| config.policies.get(p))
            .is_some_and(|p| p.filters.contains(&Filter::Proximity));
        for region in pool.iter().filter(|_| by_distance).flat_map(|p| p.regions()) {
            if config.regions.get(region).is_some_and(|r| r.location.is_none()) {
                faults.add(
                    format!("regions[{region}]"),
                    format!(
                        "{} is steered by proximity, so region {region} needs a location",
                        name.name
                    ),
                );
            }
        }
        let Some(zone) = config.zone_of(&name.name) else {
            faults.add(&path, "this name lies in none of the zones");
            continue;
        };
        let Some(pool) = pool else { continue };
        check_place_in_zone(zone, &name.name, pool, &path, faults);
    }
}

/// Whether a steered name can stand where it is declared.
fn check_place_in_zone(zone: &Zone, name: &DnsName, pool: &Pool, path: &str, faults: &mut Faults) {
    let families = pool.families(None);
    let here: Vec<u16> = zone.records_of(name).map(|r| r.rtype).collect();
    if families.alias && !here.is_empty() {
        faults.add(path, "an alias pool answers with a CNAME, which cannot stand beside other records (nor at the apex)");
    }
    if here.contains(&rtype::CNAME) {
        faults.add(path, "the zone has a CNAME at this name");
    }
    for (family, rtype, word) in [(families.v4, rtype::A, "A"), (families.v6, rtype::AAAA, "AAAA")]
    {
        if family && here.contains(&rtype) {
            faults.add(
                path,
                format!("the zone has a static {word} record at this name: one or the other"),
            );
        }
    }
    let mut at = Some(name.clone());
    while let Some(above) = at.filter(|n| *n != zone.name && n.is_in(&zone.name)) {
        if zone.rrset(&above, rtype::NS).next().is_some() {
            faults.add(path, format!("this name lies at or below the zone cut at {above}"));
        }
        at = above.parent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone;

    #[test]
    fn a_zone_is_held_to_its_rules() {
        for (line, what) in [
            ("w A 192.0.2.2", None),
            ("*.w NS ns.example.net.", Some("a wildcard cannot be delegated")),
            ("w 2147483648 A 192.0.2.2", Some("a TTL is at most 2147483647")),
            ("w CNAME ns\nw A 192.0.2.2", Some("a CNAME stands alone")),
            ("w NS ns\nx.w TXT a", Some("only glue")),
            ("w NS ns\nw TXT a", Some("only NS, DS and glue")),
            ("w SOA ns host 1 2 3 4 5", Some("only at the apex")),
            ("w NS ns\na.w NS ns\nb.a.w TXT a", Some("below the zone cut at w.example.org.")),
            ("w NS ns\nw DS 1 8 2 aa\na.w A 192.0.2.3\nw-w TXT a\nx TXT a", None),
            ("*.w.x TXT a\nw NS ns\nw.x TXT a\nww TXT a", None),
        ] {
            let apex: DnsName = "example.org.".parse().unwrap();
            let text =
                format!("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n{line}\n");
            let zone = zone::read::read(&apex, &text).unwrap();
            let mut faults = Faults::default();
            check_zone(&zone, &mut faults);
            match what {
                None => assert!(faults.0.is_empty(), "{faults}"),
                Some(what) => assert!(faults.to_string().contains(what), "{line}: {faults}"),
            }
        }
    }
}
