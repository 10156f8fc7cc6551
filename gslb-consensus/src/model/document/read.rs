//! Reads the TOML form of a configuration.

use super::fields::{Fields, Reading};
use super::{read_policy, read_pool};
use crate::model::DnsName;
use crate::model::check;
use crate::model::config::Config;
use crate::model::fault::{Fault, Faults};
use crate::model::limits;
use crate::model::place_patch::PlacePatch;
use crate::model::region::Region;
use crate::model::steered::SteeredName;
use crate::model::zone;
use geo::Point;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::sync::Arc;

/// Fetches the text of a file that the document names, by the path written there.
pub type Sources<'s> = &'s dyn Fn(&str) -> Result<String, String>;

/// Reads and checks a configuration.
///
/// `file` is the document's own name, for messages. `sources` gives the zone files and certificates
/// that it names; a receiver of complete documents refuses every one.
///
/// # Errors
/// All faults of the document, by line, and then those of the whole.
pub fn read(text: &str, file: Option<&str>, sources: Sources<'_>) -> Result<Config, Faults> {
    if text.len() > limits::DOCUMENT_BYTES_MAX {
        let what = format!("the document is larger than {} bytes", limits::DOCUMENT_BYTES_MAX);
        return Err(Faults(vec![Fault::new("", what)]));
    }
    let reading = Reading::new(text, file);
    let table = reading.parse();
    let root = reading.fields(&table);
    let mut config = Config::default();
    for fields in root.tables("zones", "name") {
        read_zone(&fields, sources, &mut config);
    }
    for fields in root.tables("regions", "id") {
        let region = read_region(&fields);
        insert(&mut config.regions, &fields, "id", region.map(|r| (r.id.clone(), r)));
    }
    for fields in root.tables("monitors", "id") {
        let monitor = read_pool::monitor(&fields, sources);
        insert(&mut config.monitors, &fields, "id", monitor.map(|m| (m.id.clone(), m)));
    }
    for fields in root.tables("pools", "id") {
        let pool = read_pool::pool(&fields);
        insert(&mut config.pools, &fields, "id", pool.map(|p| (p.id.clone(), p)));
    }
    for fields in root.tables("policies", "id") {
        let policy = read_policy::policy(&fields);
        insert(&mut config.policies, &fields, "id", policy.map(|p| (p.id.clone(), p)));
    }
    for fields in root.tables("names", "name") {
        let name = read_name(&fields);
        insert(&mut config.names, &fields, "name", name.map(|n| (n.name.clone(), n)));
    }
    let mut places: Vec<PlacePatch> =
        root.tables("places", "prefix").iter().filter_map(read_place).collect();
    places.sort_by_key(|p| p.prefix);
    config.places = Arc::new(places);
    root.done();
    // What refers to a broken thing would be named again as missing: whole-document rules come second.
    let mut faults = reading.finish();
    if faults.0.is_empty() {
        faults = check::check(&config);
        for fault in &mut faults.0 {
            fault.file = file.map(str::to_owned);
            fault.line = line_of(&table, text, &fault.path);
        }
    }
    faults.or(config)
}

/// Adds a thing that was read; one that is there already is a fault.
fn insert<K: Ord + Display, V>(
    map: &mut BTreeMap<K, Arc<V>>,
    fields: &Fields<'_, '_>,
    key_field: &'static str,
    read: Option<(K, V)>,
) {
    fields.done();
    let Some((key, value)) = read else { return };
    match map.entry(key) {
        Entry::Occupied(taken) => {
            fields.fault(key_field, format!("{} is declared twice", taken.key()))
        }
        Entry::Vacant(free) => drop(free.insert(Arc::new(value))),
    }
}

fn read_zone(fields: &Fields<'_, '_>, sources: Sources<'_>, config: &mut Config) {
    let name: Option<DnsName> = fields.required("name");
    let (file, records) = (fields.text("file"), fields.text("records"));
    let (text, origin, first_line) = match (file, records) {
        (Some(file), None) => match sources(file) {
            Ok(text) => (Some(Cow::Owned(text)), Some(file.to_owned()), 0),
            Err(error) => {
                fields.fault("file", format!("{file}: {error}"));
                (None, None, 0)
            }
        },
        (None, Some(records)) => {
            // The text starts on the line of its quotes, or on the next one.
            (Some(Cow::Borrowed(records)), fields.file(), fields.line_of("records").unwrap_or(0))
        }
        _ => {
            fields.fault("", "a zone has either a `file` or its `records`");
            (None, None, 0)
        }
    };
    let zone = name.zip(text).and_then(|(name, text)| match zone::read::read(&name, &text) {
        Ok(zone) => Some((zone.name.clone(), zone)),
        Err(faults) => {
            for fault in faults.0 {
                let line = fault.line.map(|l| l + first_line);
                let path = if fault.path.is_empty() { name.to_string() } else { fault.path };
                fields.foreign(Fault { file: origin.clone(), line, path, message: fault.message });
            }
            None
        }
    });
    insert(&mut config.zones, fields, "name", zone);
}

fn read_region(fields: &Fields<'_, '_>) -> Option<Region> {
    let id = fields.required("id");
    let location = point(fields);
    let weight = fields.number("weight", 0, i64::from(limits::WEIGHT_MAX), 100) as u16;
    let bias =
        fields.number("bias", -i64::from(limits::BIAS_MAX), i64::from(limits::BIAS_MAX), 0) as i8;
    Some(Region { id: id?, location, weight, bias })
}

/// The `location` of a table, as `{ lat = 50.11, lon = 8.68 }`.
fn point(fields: &Fields<'_, '_>) -> Option<Point> {
    let location = fields.table("location")?;
    let (lat, lon) = (location.degrees("lat"), location.degrees("lon"));
    location.done();
    let point = lat.zip(lon).and_then(|(lat, lon)| Point::from_degrees(lat, lon));
    if point.is_none() {
        fields.fault("location", "expected { lat = -90.0 to 90.0, lon = -180.0 to 180.0 }");
    }
    point
}

fn read_name(fields: &Fields<'_, '_>) -> Option<SteeredName> {
    let name = fields.required("name");
    let pool = fields.required("pool");
    let policy = fields.parsed("policy");
    let (min, max) = (i64::from(limits::TTL_MIN), i64::from(limits::TTL_MAX));
    let ttl = fields.number("ttl", min, max, i64::from(limits::TTL_DEFAULT)) as u32;
    Some(SteeredName { name: name?, pool: pool?, policy, ttl })
}

fn read_place(fields: &Fields<'_, '_>) -> Option<PlacePatch> {
    let prefix = fields.required("prefix");
    let patch = PlacePatch {
        prefix: prefix?,
        continent: fields.parsed("continent"),
        country: fields.parsed("country"),
        subdivision: fields.parsed("subdivision"),
        city: fields.text("city").map(str::to_owned),
        location: point(fields),
    };
    fields.done();
    Some(patch)
}

/// The line of the thing that a path such as `pools[web].endpoints[a]` starts with.
fn line_of(table: &toml::Spanned<toml::de::DeTable<'_>>, text: &str, path: &str) -> Option<u32> {
    let (key, rest) = path.split_once('[')?;
    let (label, rest) = rest.split_once(']')?;
    let items = table.get_ref().get(key)?.get_ref().as_array()?;
    let wanted = |item: &&toml::Spanned<toml::de::DeValue<'_>>, label: &str| {
        item.get_ref().as_table().is_some_and(|t| {
            ["id", "name", "prefix"].iter().any(|k| {
                t.get(*k).and_then(|v| v.get_ref().as_str()).is_some_and(|v| {
                    v == label || v.parse::<DnsName>().is_ok_and(|n| n.to_string() == label)
                })
            })
        })
    };
    let item = items.iter().find(|i| wanted(i, label))?;
    let inner = rest.strip_prefix(".endpoints[").and_then(|r| r.split_once(']'));
    let inner = inner.and_then(|(label, _)| {
        let list = item.get_ref().as_table()?.get("endpoints")?.get_ref().as_array()?;
        list.iter().find(|i| wanted(i, label))
    });
    let at = inner.unwrap_or(item).span().start;
    let lines = text.as_bytes().get(..at)?.iter().filter(|b| **b == b'\n').count();
    u32::try_from(lines + 1).ok()
}
