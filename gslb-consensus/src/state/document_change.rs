//! Replacing the whole configuration.

use super::agreed::State;
use super::command::PutConfig;
use super::overrides::OverrideTarget;
use super::reply::{RefusalCode, Reply};
use super::revision::Revision;
use crate::model::{Config, DnsName, Zone, check};
use std::collections::BTreeMap;
use std::sync::Arc;

impl State {
    pub(super) fn put_config(&mut self, put: &PutConfig, index: u64) -> Result<(), Reply> {
        if let Some(expected) = put.expect.filter(|e| *e != self.config_index) {
            let at = |index| Revision { history: self.history, index };
            let (now, expected) = (at(self.config_index), at(expected));
            let what = format!(
                "the configuration changed at {now}, not at {expected}: export it and apply again"
            );
            return Err(Reply::refused(RefusalCode::Conflict, what));
        }
        let faults = check::check(&put.config);
        if !faults.0.is_empty() {
            let message = "the configuration is invalid; nothing was changed".to_owned();
            return Err(Reply::Refused { code: RefusalCode::Invalid, message, faults: faults.0 });
        }
        if *put.config == *self.config {
            return Ok(());
        }
        let serials = next_serials(&self.config, &put.config, &self.serials);
        let mut next = (*put.config).clone();
        share(&self.config, &mut next);
        Arc::make_mut(&mut self.weights).follow(&next);
        Arc::make_mut(&mut self.health).follow(&self.config, &next);
        self.serials = Arc::new(serials);
        self.config = Arc::new(next);
        self.config_index = index;
        let gone = |target: &OverrideTarget| match target {
            OverrideTarget::Region(id) => !self.config.regions.contains_key(id),
            OverrideTarget::Endpoint(id) => self.config.endpoint(id).is_none(),
        };
        if self.overrides.keys().any(gone) {
            let kept = self
                .overrides
                .iter()
                .filter(|(t, _)| !gone(t))
                .map(|(t, o)| (t.clone(), o.clone()));
            self.overrides = Arc::new(kept.collect());
        }
        Ok(())
    }
}

/// The serial of each zone: kept while the zone is the same, else max(old + 1, the file's) by RFC 1982.
fn next_serials(
    old: &Config,
    new: &Config,
    serials: &BTreeMap<DnsName, u32>,
) -> BTreeMap<DnsName, u32> {
    let (old_names, new_names) = (names_by_zone(old), names_by_zone(new));
    let same = |name: &DnsName, zone: &Zone| {
        old.zones.get(name).is_some_and(|z| **z == *zone)
            && old_names.get(name) == new_names.get(name)
    };
    let serial = |name: &DnsName, zone: &Zone| {
        let declared = zone.soa().map_or(0, |s| s.serial);
        match serials.get(name) {
            None => declared,
            Some(serial) if same(name, zone) => *serial,
            Some(serial) => {
                let next = serial.wrapping_add(1);
                // Serial number arithmetic (RFC 1982 3.2): declared is later if it is ahead by less than 2^31.
                if declared != next && declared.wrapping_sub(next) < 1 << 31 {
                    declared
                } else {
                    next
                }
            }
        }
    };
    new.zones.iter().map(|(name, zone)| (name.clone(), serial(name, zone))).collect()
}

/// The steered names of each zone: which exist is zone data, what they answer is not.
fn names_by_zone(config: &Config) -> BTreeMap<DnsName, Vec<&DnsName>> {
    let mut names: BTreeMap<DnsName, Vec<&DnsName>> = BTreeMap::new();
    for name in config.names.keys() {
        if let Some(zone) = config.zone_of(name) {
            names.entry(zone.name.clone()).or_default().push(name);
        }
    }
    names
}

/// Lets `next` hold the very objects of `old` where they are equal, so that who compiles can tell by pointer.
fn share(old: &Config, next: &mut Config) {
    fn keep<K: Ord, V: PartialEq>(old: &BTreeMap<K, Arc<V>>, next: &mut BTreeMap<K, Arc<V>>) {
        for (key, value) in next {
            if let Some(same) = old.get(key).filter(|v| *v == value) {
                *value = same.clone();
            }
        }
    }
    keep(&old.zones, &mut next.zones);
    keep(&old.regions, &mut next.regions);
    keep(&old.monitors, &mut next.monitors);
    keep(&old.pools, &mut next.pools);
    keep(&old.policies, &mut next.policies);
    keep(&old.names, &mut next.names);
    if old.places == next.places {
        next.places = old.places.clone();
    }
}
