//! A cluster of three nodes and the clients beside it.

use crate::api::Api;
use gslb_tests::cluster::{Cluster, Setup};
use std::fmt::Write as _;
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// What the nodes answer by: three regions and a name.
const TRAFFIC: &str = r#"
[[zones]]
name = "shop.example."
records = """
@ 300 SOA ns1 host 1 7200 900 86400 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
"""
[[regions]]
id = "fra"
[[regions]]
id = "iad"
[[regions]]
id = "sin"
[[pools]]
id = "web"
[[pools.endpoints]]
id = "web-fra"
region = "fra"
address = "198.51.100.1"
[[pools.endpoints]]
id = "web-iad"
region = "iad"
address = "198.51.100.2"
[[pools.endpoints]]
id = "web-sin"
region = "sin"
address = "198.51.100.3"
[[names]]
name = "www.shop.example."
pool = "web"
"#;

/// Three voters with these timers that serve a small traffic file.
pub(crate) fn three(timers: &'static str) -> Cluster {
    let cluster = Cluster::form(&setup(timers));
    cluster.apply(TRAFFIC);
    cluster
}

/// Nodes with the built-in places.
pub(crate) fn setup(timers: &'static str) -> Setup {
    Setup { places: Vec::new(), timers, ..Setup::default() }
}

/// The same traffic with so many more records.
pub(crate) fn large(records: usize) -> String {
    let mut text = TRAFFIC.to_owned();
    text.push_str("[[zones]]\nname = \"large.example.\"\nrecords = \"\"\"\n");
    text.push_str("@ 300 SOA ns1 host 1 7200 900 86400 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n");
    for record in 0..records {
        let _ = writeln!(text, "x{record} 300 A 192.0.2.{}", record % 250);
    }
    text.push_str("\"\"\"\n");
    text
}

/// The folder of the admin's certificate.
pub(crate) fn admin(cluster: &Cluster) -> PathBuf {
    cluster.operator.context().parent().expect("a context lies in a folder").to_owned()
}

/// A client of each node.
pub(crate) fn clients(cluster: &Cluster) -> Vec<Api> {
    let folder = admin(cluster);
    let nodes = cluster.nodes.iter().enumerate();
    nodes.map(|(index, node)| Api::new(&folder, index + 1, node)).collect()
}

/// Sets weights until one is acknowledged by one of the nodes.
pub(crate) fn write(runtime: &Runtime, clients: &[Api]) {
    let mut last = String::new();
    for attempt in 0..1_000 {
        let client = &clients[attempt % clients.len()];
        match runtime.block_on(client.set_weight(attempt as u64)) {
            Ok(_) => return,
            Err(why) => last = why,
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    panic!("no change was acknowledged: {last}");
}
