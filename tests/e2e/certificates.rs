//! Certificates are replaced while the nodes run, and nobody notices.

use crate::crashes::Load;
use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::wait;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// What each node says of its certificate, by the status of the cluster.
fn reports(cluster: &Cluster) -> Vec<Value> {
    let status = cluster.operator.run("status --json", &[]).json();
    let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| node["report"]["certificate"].clone()).collect()
}

/// Makes a new certificate for a node.
fn renewed(cluster: &Cluster, node: usize) -> PathBuf {
    let out = cluster.folder().join(format!("new-{node}"));
    let name = &cluster.nodes[node].name;
    cluster.operator.run(&format!("node renew {name} --out"), &[&out.display().to_string()]);
    out
}

/// Brings files into the folder of a node, in this order.
fn bring(cluster: &Cluster, node: usize, from: &std::path::Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), cluster.nodes[node].folder.join(name)).unwrap();
    }
}

fn term(cluster: &Cluster) -> Value {
    let status = cluster.operator.run("status --json", &[]).json();
    status["nodes"][0]["report"]["term"].clone()
}

#[test]
fn certificates_are_replaced_under_load_and_nobody_is_cut_off() {
    let mut cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&[]));
    let (term_before, before) = (term(&cluster), reports(&cluster));
    let load = Load::start(&cluster.nodes.iter().map(|n| n.dns()).collect::<Vec<_>>());

    // Half of a pair is refused, with its reason, and changes nothing.
    let new = renewed(&cluster, 1);
    bring(&cluster, 1, &new, &["node.key"]);
    let told = wait::until("the half to be refused", || {
        let said = cluster.operator.run("status", &[]);
        if said.out.contains("keeps its old certificate") { Ok(said.out) } else { Err(said) }
    });
    assert!(told.contains("node.pem"), "{told}");
    assert!(cluster.nodes[1].get("/metrics").1.contains("gslb_certificate_stuck 1"));
    cluster.operator.run("set-weight iad 7 --wait", &[]);

    // The other half, and all of it on the others: one of them is told to look at once.
    bring(&cluster, 1, &new, &["node.pem"]);
    for node in [0, 2] {
        let new = renewed(&cluster, node);
        bring(&cluster, node, &new, &["node.key", "node.pem", "ca.pem"]);
    }
    let id = cluster.nodes[2].process().id().to_string();
    std::process::Command::new("kill").args(["-HUP", &id]).status().unwrap();
    wait::until("every node to use its new certificate", || {
        let now = reports(&cluster);
        let taken = now.iter().zip(&before).all(|(now, before)| {
            now["refused"].is_null() && now["ends_s"].as_i64() > before["ends_s"].as_i64()
        });
        if taken { Ok(()) } else { Err(now) }
    });
    for weight in [8, 9, 10] {
        cluster.operator.run(&format!("set-weight iad {weight} --wait"), &[]);
    }
    let (asked, wrong) = load.finish();
    assert!(wrong.is_empty(), "{} of {asked} queries: {:?}", wrong.len(), wrong.first());
    assert!(asked > 100, "{asked} queries were asked");
    assert_eq!(term(&cluster), term_before, "nobody had to be elected");
    let metrics = cluster.nodes[0].get("/metrics").1;
    assert!(metrics.contains("gslb_certificate_left_seconds{of=\"node\"} 1"), "{metrics}");
}
