//! Weighted draws give every region its share.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How often each address came, over so many clients that ask so often each.
fn draws(server: SocketAddr, clients: u32, times: u32) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for client in 0..clients {
        let [_, a, b, c] = (client * 7919 + 65_536).to_be_bytes();
        let query = Query::new("shares.shop.example.", "A").subnet(&format!("{a}.{b}.{c}.0/24"));
        for _ in 0..times {
            let data = query.ask(server).data();
            assert_eq!(data.len(), 1, "one endpoint a region");
            *counts.entry(data[0].clone()).or_insert(0) += 1;
        }
    }
    counts
}

/// Each region's count lies within four standard deviations of its share.
fn assert_shares(counts: &BTreeMap<String, u32>, weights: [u32; 3]) {
    let (total, sum) = (counts.values().sum::<u32>(), weights.iter().sum::<u32>());
    for (region, weight) in REGIONS.iter().zip(weights) {
        let share = f64::from(weight) / f64::from(sum);
        let expected = share * f64::from(total);
        let allowed = 4.0 * (expected * (1.0 - share)).sqrt();
        let got = f64::from(counts.get(&region.v4()).copied().unwrap_or(0));
        assert!((got - expected).abs() <= allowed, "{}: {got} of {total}, {counts:?}", region.id);
    }
}

#[test]
fn shares_follow_the_weights_over_many_clients_and_for_one() {
    let cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let server = cluster.nodes[0].dns();
    assert_shares(&draws(server, 1500, 1), [60, 30, 10]);
    assert_shares(&draws(server, 1, 1500), [60, 30, 10]);
    cluster.operator.run("set-weight fra 10 --wait", &[]);
    assert_shares(&draws(server, 1500, 1), [10, 30, 10]);
    cluster.operator.run("set-weight sin 0 --wait", &[]);
    assert_shares(&draws(server, 1500, 1), [10, 30, 0]);
}
