//! The TOML form, there and back, and what is said of a faulty one.

use super::{read, write};
use crate::model::fault::Faults;
use crate::model::{Config, Filter};

const GOOD: &str = r#"
[[zones]]
name = "gslb.example"
records = """
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 60
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
"""

[[regions]]
id = "fra"
location = { lat = 50.11, lon = 8.68 }

[[regions]]
id = "iad"
location = { lat = 39.04, lon = -77.49 }
weight = 50
bias = -10

[[monitors]]
id = "web"
kind = "https"
path = "/health"
host = "www.gslb.example"
status = ["200-299", "304"]
interval = "5s"

[[pools]]
id = "web"
monitor = "web"
endpoints = [
  { id = "web-iad-1", region = "iad", address = "198.51.100.1" },
  { id = "web-fra-1", region = "fra", address = "192.0.2.1", probe = "127.0.0.1:8080" },
]

[[policies]]
id = "near"
[[policies.filters]]
kind = "geo"
rules = [
  { country = "DE", regions = ["fra"] },
  { continent = "NA", regions = ["iad"] },
  { country = "US", city = "New York", regions = ["iad"] },
  { anywhere = true, regions = ["iad", "fra"] },
]
[[policies.filters]]
kind = "proximity"
[[policies.filters]]
kind = "failover"
order = ["iad"]

[[names]]
name = "www.gslb.example"
pool = "web"
policy = "near"

[[places]]
prefix = "10.0.0.0/8"
country = "DE"
location = { lat = 50, lon = 8.5 }
"#;

fn parse(text: &str) -> Result<Config, Faults> {
    read(text, Some("traffic.toml"), &|path| Err(format!("no file {path} here")))
}

#[test]
fn the_export_of_a_document_reads_as_the_same_and_exports_alike() {
    let first = parse(GOOD).unwrap_or_else(|faults| panic!("{faults}"));
    let text = write(&first);
    let second = parse(&text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
    assert_eq!(second, first);
    assert_eq!(write(&second), text);
    let near = first.policies.values().next().unwrap();
    assert_eq!(near.filters.len(), 3);
    assert!(matches!(&near.filters[0], Filter::Geo { rules } if rules.len() == 4));
}

#[test]
fn every_fault_is_named_with_its_line_and_path() {
    let text = GOOD
        .replace("weight = 50", "weight = 1001")
        .replace("interval = \"5s\"", "interval = \"5\"\ncolour = \"red\"")
        .replace("kind = \"proximity\"", "kind = \"nearness\"")
        .replace("192.0.2.53", "192.0.2.530");
    let faults = parse(&text).unwrap_err();
    let told: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{faults}");
    assert!(told[0].starts_with("traffic.toml:7: gslb.example.: "), "{faults}");
    assert!(
        told[1].starts_with("traffic.toml:17: regions[iad].weight: 1001 is not within 0 to 1000"),
        "{faults}"
    );
    assert!(told[2].starts_with("traffic.toml:26: monitors[web].interval: "), "{faults}");
    assert!(
        told[3].starts_with("traffic.toml:27: monitors[web].colour: unknown field"),
        "{faults}"
    );
    assert!(
        told[4].starts_with("traffic.toml:48: policies[near].filters[nearness].kind: "),
        "{faults}"
    );
}

#[test]
fn what_refers_to_nothing_is_named_where_it_is_declared() {
    let text = GOOD
        .replace("monitor = \"web\"", "monitor = \"wob\"")
        .replace("region = \"fra\"", "region = \"far\"");
    let faults = parse(&text).unwrap_err();
    let told: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "traffic.toml:28: pools[web].monitor: there is no monitor wob",
            "traffic.toml:28: pools[web].endpoints: there is no region far",
        ]
    );
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let faults = parse("[[regions]]\nid = fra\n").unwrap_err();
    assert_eq!(faults.0[0].line, Some(2), "{faults}");
}
