//! The compiler over whole states: what is decided, and what is kept from one to the next.

use super::Compiler;
use super::explain::explain;
use super::published::Published;
use geo::PlaceTable;
use gslb_consensus::model::{EndpointId, document};
use gslb_consensus::state::command::{PutConfig, SetWeight};
use gslb_consensus::state::{Command, Envelope, NodeRecord, Report, State};
use std::net::IpAddr;
use std::sync::Arc;

const DOCUMENT: &str = r#"
[[zones]]
name = "gslb.example"
records = """
@ 60 SOA ns1 hostmaster 10 3600 600 86400 60
@ 60 NS ns1
ns1 60 A 192.0.2.53
"""
[[regions]]
id = "fra"
location = { lat = 50.11, lon = 8.68 }
[[regions]]
id = "iad"
location = { lat = 39.04, lon = -77.49 }
[[monitors]]
id = "m"
kind = "tcp"
port = 80
[[pools]]
id = "web"
monitor = "m"
endpoints = [
  { id = "f1", region = "fra", address = "192.0.2.1" },
  { id = "f2", region = "fra", address = "192.0.2.2" },
  { id = "i1", region = "iad", address = "192.0.2.3" },
]
[[policies]]
id = "near"
filters = [{ kind = "proximity" }]
[[policies]]
id = "by-rule"
filters = [{ kind = "geo", rules = [{ country = "DE", regions = ["iad"] }] }, { kind = "failover", order = ["fra"] }]
[[names]]
name = "near.gslb.example"
pool = "web"
policy = "near"
[[names]]
name = "rule.gslb.example"
pool = "web"
policy = "by-rule"
[[names]]
name = "*.any.gslb.example"
pool = "web"
[[places]]
prefix = "10.1.0.0/16"
country = "DE"
location = { lat = 50.0, lon = 8.0 }
[[places]]
prefix = "10.2.0.0/16"
country = "US"
location = { lat = 40.0, lon = -75.0 }
"#;

struct Bench {
    state: State,
    compiler: Compiler,
    places: Arc<PlaceTable>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            state: State::default(),
            compiler: Compiler::new(1),
            places: Arc::new(PlaceTable::empty()),
        };
        let record = NodeRecord { name: "n".into(), raft: "a:1".into(), api: "a:2".into() };
        bench.send(Command::AddNode(record));
        let config = document::read(DOCUMENT, None, &|_| Err(String::new()))
            .unwrap_or_else(|f| panic!("{f}"));
        bench.send(Command::PutConfig(PutConfig { config: Arc::new(config), expect: None }));
        bench
    }

    fn send(&mut self, command: Command) {
        let index = self.state.index + 1;
        let actor = "ann".to_owned();
        let (client, seq, caller) = (1, index, None);
        let envelope = Envelope { client, seq, actor, caller, stamp_ms: 1, command };
        self.state.apply(index, &envelope);
    }

    fn vote(&mut self, endpoint: &str, up: bool) {
        let changes = vec![(endpoint.parse::<EndpointId>().unwrap(), up, String::new())];
        let seq = self.state.index + 1;
        self.send(Command::ReportHealth(Report { node: 1, incarnation: 1, seq, changes }));
    }

    fn compile(&mut self) -> Published {
        self.compiler.compile(&self.state, &self.places).unwrap()
    }

    /// The shares of regions that a client is given, by the compiled tables; held against what explain tells.
    fn shares(&mut self, name: &str, client: &str) -> Vec<(String, f64)> {
        let published = self.compile();
        let name = name.parse().unwrap();
        let client: IpAddr = client.parse().unwrap();
        let laid = self.compiler.places(&self.state, &self.places).unwrap();
        let explained = explain(&self.state, &laid, &name, client).unwrap();
        let position =
            self.state.config.names.keys().position(|n| *n == explained.steered).unwrap();
        let steered = &published.steered[position];
        let class =
            steered.map.map_or(0, |map| published.maps[usize::from(map)].class_of_source(client));
        assert_eq!(class, explained.class);
        let mut shares: Vec<(String, f64)> = steered
            .table
            .shares(class)
            .into_iter()
            .map(|(region, share)| (published.regions[usize::from(region)].to_string(), share))
            .collect();
        shares.sort_by(|a, b| a.0.cmp(&b.0));
        let told: Vec<(String, f64)> = explained
            .regions
            .into_iter()
            .filter(|r| r.share > 0.0)
            .map(|r| (r.id, r.share))
            .collect();
        assert_eq!(shares, told);
        shares
    }
}

fn only(region: &str) -> Vec<(String, f64)> {
    vec![(region.to_owned(), 1.0)]
}

#[test]
fn clients_are_led_by_place_and_move_when_a_region_goes_down() {
    let mut bench = Bench::new();
    assert_eq!(bench.shares("near.gslb.example", "10.1.2.3"), only("fra"));
    assert_eq!(bench.shares("near.gslb.example", "10.2.2.3"), only("iad"));
    assert_eq!(bench.shares("rule.gslb.example", "10.1.2.3"), only("iad"));
    assert_eq!(bench.shares("rule.gslb.example", "10.2.2.3"), only("fra"));
    bench.vote("f1", false);
    assert_eq!(bench.shares("near.gslb.example", "10.1.2.3"), only("fra"), "one of two is left");
    bench.vote("f2", false);
    assert_eq!(bench.shares("near.gslb.example", "10.1.2.3"), only("iad"));
    bench.vote("i1", false);
    assert_eq!(
        bench.shares("near.gslb.example", "10.1.2.3"),
        only("fra"),
        "all down: all are served, in policy order"
    );
}

#[test]
fn an_unknown_place_and_a_name_without_policy_are_spread_by_weight() {
    let mut bench = Bench::new();
    let even = vec![("fra".to_owned(), 0.5), ("iad".to_owned(), 0.5)];
    assert_eq!(bench.shares("near.gslb.example", "203.0.113.1"), even);
    assert_eq!(bench.shares("x.any.gslb.example", "10.1.2.3"), even);
    let region = "fra".parse().unwrap();
    bench.send(Command::SetWeight(SetWeight {
        region,
        pool: None,
        weight: Some(0),
        reason: String::new(),
    }));
    assert_eq!(bench.shares("x.any.gslb.example", "10.1.2.3"), only("iad"));
    assert_eq!(bench.shares("near.gslb.example", "10.1.2.3"), only("iad"));
}

#[test]
fn what_did_not_change_is_kept() {
    let mut bench = Bench::new();
    let first = bench.compile();
    let again = bench.compile();
    assert!(Arc::ptr_eq(&first.names, &again.names) && Arc::ptr_eq(&first.maps[0], &again.maps[0]));
    assert!(Arc::ptr_eq(&first.steered[0].table, &again.steered[0].table));
    bench.vote("f1", false);
    let flipped = bench.compile();
    assert!(flipped.revision > again.revision);
    assert!(
        Arc::ptr_eq(&first.names, &flipped.names) && Arc::ptr_eq(&first.maps[0], &flipped.maps[0])
    );
    assert!(!Arc::ptr_eq(&first.steered[0].table, &flipped.steered[0].table));
}

#[test]
fn names_of_equal_pool_and_policy_share_their_table_and_map() {
    let mut bench = Bench::new();
    let published = bench.compile();
    let maps: Vec<Option<u16>> = published.steered.iter().map(|s| s.map).collect();
    // By name: *.any, near, rule.
    assert_eq!(maps, [None, Some(0), Some(1)]);
    assert_eq!(published.maps.len(), 2);
}

#[test]
fn explain_takes_the_wildcard_of_the_closest_encloser_only() {
    let mut bench = Bench::new();
    let laid = bench.compiler.places(&bench.state, &bench.places).unwrap();
    let client: IpAddr = "10.1.2.3".parse().unwrap();
    let steered = |name: &str| {
        explain(&bench.state, &laid, &name.parse().unwrap(), client).map(|e| e.steered.to_string())
    };
    let wildcard = Some("*.any.gslb.example.".to_owned());
    assert_eq!(steered("x.any.gslb.example"), wildcard);
    assert_eq!(steered("y.x.any.gslb.example"), wildcard);
    assert_eq!(steered("any.gslb.example"), None, "an empty non-terminal is no match");
    assert_eq!(steered("x.near.gslb.example"), None);
    assert_eq!(steered("x.gslb.example"), None);
}
