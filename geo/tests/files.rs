//! Files of place data against what other readers say of them, and broken ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows only the functions marked as tests, not their helpers"
)]

use geo::{LoadFault, Place, PlaceTable, Point};
use mmdb_writer::ipnet::IpNet;
use mmdb_writer::{IpVersion, Value, Writer};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/place").join(path)
}

fn load(paths: &[&str]) -> PlaceTable {
    let paths: Vec<_> = paths.iter().map(|path| data(path)).collect();
    PlaceTable::load(&paths).unwrap()
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn file(version: IpVersion, entries: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::builder("Made for a test").ip_version(version).build();
    for (net, value) in entries {
        writer.insert_value(net.parse::<IpNet>().unwrap(), value.clone()).unwrap();
    }
    writer.to_bytes().unwrap()
}

/// The place that a golden row expects, with the loader's declared rules applied.
fn expected(row: &BTreeMap<String, String>) -> Place {
    let field = |name: &str| Some(row[name].as_str()).filter(|text| !text.is_empty());
    let code = |name: &str| field(name).and_then(|text| text.parse().ok());
    let number = |name: &str| field(name).map(|text| text.parse::<f64>().unwrap());
    let radius = number("accuracy_radius_km").unwrap_or(0.0);
    let point = number("lat").zip(number("lon")).filter(|_| radius <= 500.0);
    Place {
        continent: field("continent").and_then(|text| text.parse().ok()),
        country: code("country").or_else(|| code("registered_country")),
        subdivision: field("subdivision1").and_then(|text| text.parse().ok()),
        city: field("city_en").map(Into::into),
        location: point.and_then(|(lat, lon)| Point::from_degrees(lat, lon)),
        radius_km: if point.is_some() { radius as u16 } else { 0 },
        asn: field("asn").map(|text| text.parse().unwrap()),
    }
}

#[test]
fn golden_lookups_give_the_same_places_as_other_readers() {
    let mut reader = csv::Reader::from_path(data("maxmind/golden-lookups.csv")).unwrap();
    let mut tables: BTreeMap<String, PlaceTable> = BTreeMap::new();
    let mut compared = 0;
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let name = &row["db"];
        let table =
            tables.entry(name.clone()).or_insert_with(|| load(&[&format!("maxmind/{name}.mmdb")]));
        let (address, length) = (at(&row["ip"]), row["prefix_len"].parse::<u8>().unwrap());
        let (place, prefix) = table.place_of(address);
        let mut wanted = expected(&row);
        // Filled in from the country where the file is silent; what is filled in has its own test.
        if wanted.location.is_none() && wanted.country.is_some() {
            (wanted.location, wanted.radius_km) = (place.location, place.radius_km);
        }
        if wanted.continent.is_none() && wanted.country.is_some() {
            wanted.continent = place.continent;
        }
        assert_eq!(*place, wanted, "{name} {address}");
        assert!(prefix.contains(address));
        let coarsest = if address.is_ipv4() { length } else { length.min(64) };
        let plain = address != at("::1");
        assert!(!plain || prefix.length() <= coarsest, "{name} {address}: {prefix} past /{length}");
        compared += 1;
    }
    assert_eq!(compared, 1085);
}

#[test]
fn a_record_without_a_location_is_placed_by_its_country() {
    let table = load(&["lab/lab-city.mmdb", "lab/lab-asn.mmdb"]);
    let text = |address: &str| {
        let (place, prefix) = table.place_of(at(address));
        let code = |code: Option<&str>| code.unwrap_or("-").to_owned();
        let continent = code(place.continent.map(|c| c.as_str()));
        let country = code(place.country.as_ref().map(|c| c.as_str()));
        let city = place.city.as_deref().unwrap_or("-");
        let located =
            if place.location.is_some() { place.radius_km.to_string() } else { "-".into() };
        let asn = place.asn.unwrap_or(0);
        format!("{continent} {country} {city} {located} {asn} {prefix}")
    };
    assert_eq!(text("10.1.2.3"), "EU DE Frankfurt 20 64513 10.1.0.0/16");
    assert_eq!(text("2001:db8:1::7"), "EU DE Frankfurt 20 64513 2001:db8:1::/48");
    assert_eq!(text("127.40.0.1"), "EU DE - 241 64552 127.40.0.0/16");
    assert_eq!(text("10.41.0.1"), "OC AU - 1119 64553 10.41.0.0/16");
    assert_eq!(text("10.42.0.1"), "- - - - 0 10.42.0.0/16");
    assert_eq!(text("10.43.0.1"), "NA US - 1685 64555 10.43.0.0/16");
    assert_eq!(text("10.44.0.1"), "EU - - - 64556 10.44.0.0/16");
    assert_eq!(text("192.0.2.1"), "- - - - 0 192.0.0.0/6");
}

#[test]
fn an_address_that_stands_for_an_ipv4_host_has_the_hosts_place() {
    let table = load(&["lab/lab-city.mmdb"]);
    let table_of_prefixes = [
        ("::ffff:10.1.2.3", "::ffff:10.1.0.0/112"),
        ("64:ff9b::10.1.2.3", "64:ff9b::a01:0/112"),
        ("2002:0a01:0203::1", "2002:a01::/32"),
        ("2001:0:1:2:3:4:f5fe:fdfc", "2001:0:1:2:3:4:f5fe:0/112"),
    ];
    for (address, prefix) in table_of_prefixes {
        let (place, found) = table.place_of(at(address));
        assert_eq!(place.city.as_deref(), Some("Frankfurt"), "{address}");
        assert_eq!(found.to_string(), prefix);
    }
}

#[test]
fn broken_files_end_in_an_error_that_names_the_file() {
    let mut broken: Vec<PathBuf> = Vec::new();
    for folder in ["maxmind-bad", "maxmind"] {
        for entry in std::fs::read_dir(data(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let suspect = ["roken", "nvalid"].iter().any(|word| name.contains(word));
            if name.ends_with(".mmdb") && (folder == "maxmind-bad" || suspect) {
                broken.push(path);
            }
        }
    }
    assert_eq!(broken.len(), 25);
    for path in broken {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let error = PlaceTable::load(&[&path]).expect_err(&name);
        assert!(error.to_string().contains(&name), "{error}");
    }
}

#[test]
fn a_sound_file_that_says_nothing_of_places_is_refused() {
    for name in ["GeoIP2-Connection-Type-Test", "MaxMind-DB-string-value-entries"] {
        let error = PlaceTable::load(&[data(&format!("maxmind/{name}.mmdb"))]).unwrap_err();
        assert!(matches!(error.fault, LoadFault::NoPlaces(_)), "{error}");
    }
    let error = PlaceTable::load(&[data("maxmind/none.mmdb")]).unwrap_err();
    assert!(matches!(error.fault, LoadFault::Read(_)), "{error}");
}

#[test]
fn a_file_cut_short_anywhere_or_with_any_byte_torn_never_panics() {
    let whole = std::fs::read(data("lab/lab-city.mmdb")).unwrap();
    for end in (0..whole.len()).step_by(97) {
        let error = PlaceTable::from_bytes(&[("cut.mmdb", &whole[..end])]).unwrap_err();
        assert!(error.to_string().starts_with("cut.mmdb: "), "{error}");
    }
    let mut refused = 0;
    for torn in (0..whole.len()).step_by(53) {
        let mut bytes = whole.clone();
        bytes[torn] ^= 0xFF;
        refused += u32::from(PlaceTable::from_bytes(&[("torn.mmdb", &bytes)]).is_err());
    }
    assert!(refused > 0);
}

#[test]
fn a_tree_whose_nodes_lead_back_or_to_the_same_node_is_refused_in_good_time() {
    let mut bytes = std::fs::read(data("lab/lab-city.mmdb")).unwrap();
    // Both records of the root (24 bits each) lead to the root.
    bytes[..6].fill(0);
    let error = PlaceTable::from_bytes(&[("cycle.mmdb", &bytes)]).unwrap_err();
    assert!(error.to_string().contains("cycle"), "{error}");
    // Both records of each of the first 100 nodes lead to the next one: 2^100 ways down.
    for (node, records) in bytes.chunks_mut(6).take(100).enumerate() {
        let next = (node as u32 + 1).to_be_bytes();
        records.copy_from_slice(&[&next[1..], &next[1..]].concat());
    }
    let error = PlaceTable::from_bytes(&[("ways.mmdb", &bytes)]).unwrap_err();
    assert!(matches!(error.fault, LoadFault::Tree), "{error}");
}

fn flat() -> Value {
    Value::map([
        ("country_code", Value::from("NL")),
        ("city", Value::from("Amsterdam")),
        ("state1", Value::from("North Holland")),
        ("latitude", Value::Float(52.37)),
        ("longitude", Value::Float(4.89)),
        ("asn", Value::from("AS64500")),
    ])
}

#[test]
fn the_flat_schema_is_read_in_files_of_each_ip_version() {
    let v4 = file(IpVersion::V4, &[("192.0.2.0/24", flat())]);
    let v6 = file(IpVersion::V6, &[("2001:db8::/33", flat())]);
    let table = PlaceTable::from_bytes(&[("v4", &v4), ("v6", &v6)]).unwrap();
    for (address, prefix) in [("192.0.2.7", "192.0.2.0/24"), ("2001:db8:7fff::", "2001:db8::/33")] {
        let (place, found) = table.place_of(at(address));
        assert_eq!(place.country.unwrap().as_str(), "NL");
        assert_eq!(place.continent.unwrap().as_str(), "EU");
        assert_eq!(place.city.as_deref(), Some("Amsterdam"));
        assert_eq!(place.location, Point::from_degrees(52.37, 4.89));
        assert_eq!((place.asn, place.subdivision), (Some(64500), None));
        assert_eq!(found.to_string(), prefix);
    }
    assert_eq!(table.place_of(at("2001:db8:8000::")).0, &Place::default());
    assert_eq!(table.place_of(at("192.0.3.0")).0, &Place::default());
}

#[test]
fn ways_from_ipv6_into_the_ipv4_tree_are_not_walked_a_second_time() {
    let bytes = file(IpVersion::V6, &[("192.0.2.0/24", flat())]);
    let reader = maxminddb::Reader::from_source(&bytes).unwrap();
    assert!(reader.lookup(at("2002:c000:200::")).unwrap().has_data(), "the file has aliases");
    let table = PlaceTable::from_bytes(&[("aliases", &bytes)]).unwrap();
    assert_eq!(table.ranges(), (3, 1));
}

#[test]
fn a_later_file_fills_in_only_where_the_first_is_silent() {
    let country = |code: &str| Value::map([("country_code", Value::from(code))]);
    let first =
        file(IpVersion::V4, &[("192.0.0.0/16", country("NL")), ("198.51.0.0/16", country("JP"))]);
    let second = file(IpVersion::V4, &[("0.0.0.0/0", flat())]);
    let table = PlaceTable::from_bytes(&[("first", &first), ("second", &second)]).unwrap();
    let text = |address: &str| {
        let place = table.place_of(at(address)).0;
        let city = place.city.as_deref().unwrap_or("-");
        format!("{} {city} {}", place.country.unwrap(), place.asn.unwrap())
    };
    assert_eq!(text("192.0.2.1"), "NL Amsterdam 64500");
    assert_eq!(text("198.51.100.1"), "JP - 64500");
    assert_eq!(text("203.0.113.1"), "NL Amsterdam 64500");
}

#[test]
fn an_edition_tells_content_age_and_name() {
    let city = load(&["lab/lab-city.mmdb"]);
    let both = load(&["lab/lab-city.mmdb", "lab/lab-asn.mmdb"]);
    assert_eq!(city.edition(), load(&["lab/lab-city.mmdb"]).edition());
    assert_ne!(city.edition().id, both.edition().id);
    assert_eq!(city.edition().build_epoch_s, 1_790_000_000);
    assert!(city.edition().label.contains("lab-city.mmdb"), "{}", city.edition().label);
}

#[test]
fn the_built_in_table_covers_the_internet() {
    let table = PlaceTable::builtin();
    assert_eq!(table.edition().label, geo::builtin::LABEL);
    let country = |address: &str| table.place_of(at(address)).0.country.map(String::from);
    assert_eq!(country("1.0.0.1").as_deref(), Some("AU"));
    assert_eq!(country("8.8.8.8").as_deref(), Some("US"));
    assert_eq!(country("193.0.6.139").as_deref(), Some("NL"));
    assert_eq!(country("2001:67c:2e8::1").as_deref(), Some("NL"));
    assert_eq!(country("2001:200::1").as_deref(), Some("JP"));
    assert_eq!(country("10.0.0.1"), None);
    assert_eq!(country("2001:db8::1"), None);
    assert!(table.place_of(at("8.8.8.8")).0.location.is_some());
    // The README of the data tells 238 countries; the unknown place comes on top.
    assert_eq!(table.places().len(), 239);
    let (v4, v6) = table.ranges();
    assert!(v4 >= 141_702 && v6 >= 68_366, "{v4} {v6}");
}
