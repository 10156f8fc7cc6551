//! Nodes that come and go.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::wait;

/// The names of the nodes that the cluster lists, each with what it is.
fn listed(cluster: &Cluster) -> Vec<(String, String)> {
    let list = cluster.operator.json("node list");
    let text = |node: &serde_json::Value, key: &str| node[key].as_str().unwrap().to_owned();
    let nodes = list["nodes"].as_array().unwrap();
    nodes.iter().map(|node| (text(node, "name"), text(node, "member"))).collect()
}

#[test]
fn a_node_is_removed_for_good_and_a_new_one_takes_its_place() {
    let setup = Setup::default();
    let mut cluster = Cluster::form(&setup);
    cluster.apply(&traffic::file(&[]));
    let gone = (0..3).find(|index| *index != cluster.leader()).unwrap();
    let name = cluster.nodes[gone].name.clone();
    cluster.operator.run(&format!("node remove {name}"), &[]);
    cluster.nodes[gone].kill();
    cluster.nodes.remove(gone);
    wait::until("the cluster to be of two", || {
        let now = listed(&cluster);
        if now.len() == 2 && now.iter().all(|(n, _)| *n != name) { Ok(()) } else { Err(now) }
    });
    let again = cluster.operator.attempt(&format!("node remove {name}"), &[]);
    assert_eq!(again.code, 1, "{again:?}");

    // The newcomer gets a number that was never given before, and all that was agreed so far.
    cluster.add("n4", &setup);
    cluster.wait_for_voters();
    let list = cluster.operator.json("node list");
    let ids: Vec<u64> =
        list["nodes"].as_array().unwrap().iter().filter_map(|n| n["id"].as_u64()).collect();
    assert!(ids.contains(&4), "{list}");
    let www = Query::new("www.shop.example.", "A");
    cluster.wait_for_answer(&[2], &www, |answer| answer.data() == [REGIONS[0].v4()]);
    cluster.operator.run("force fra down --for 5m --reason test --wait --timeout 30s", &[]);
    for node in &cluster.nodes {
        assert_eq!(www.ask(node.dns()).data(), [REGIONS[1].v4()], "{}", node.name);
    }
    let twice = cluster.operator.attempt(
        "node add n4 --raft 127.0.0.1:1 --api 127.0.0.1:2 --out",
        &[&cluster.folder().join("twice").display().to_string()],
    );
    assert_eq!(twice.code, 1, "{twice:?}");
}
