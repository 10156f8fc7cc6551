//! A disk that runs full, step by step, and has room again.

use crate::crashes::Load;
use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::{programs, wait};
use serde_json::Value;
use std::fs::{File, remove_file};
use std::io::Write as _;
use std::process::Command;

const TEST: &str =
    "a_disk_that_runs_full_costs_configurations_then_the_lead_then_raft_and_never_dns";

/// Size of each node's disk, MiB; the steps are at 16, 10 and 5.
const DISK_MIB: u32 = 32;

/// Why no file system can be mounted here; none if it can.
fn not_allowed() -> Option<String> {
    let probe = ["--mount", "mount", "-t", "tmpfs", "gslb", "/mnt"];
    match Command::new("unshare").args(probe).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// Leaves so many MiB of a node's disk free.
fn leave_free(cluster: &mut Cluster, node: usize, mib: u64) {
    let disk = cluster.nodes[node].disk();
    let mut ballast = File::options().create(true).append(true).open(disk.join("ballast")).unwrap();
    let block = vec![0_u8; 256 << 10];
    loop {
        let free = free_bytes(&disk);
        if free <= mib << 20 || ballast.write_all(&block).is_err() {
            return;
        }
    }
}

/// Free bytes of a file system in another mount namespace, which `df` would not find.
fn free_bytes(disk: &std::path::Path) -> u64 {
    let output = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(disk).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{output:?}");
    numbers[0] * numbers[1]
}

/// Waits until `status` says something of a node that `fits`.
fn wait_for_node(cluster: &Cluster, name: &str, fits: impl Fn(&Value, &[String]) -> bool) {
    wait::until(&format!("{name} to be as expected"), || {
        let said = cluster.operator.attempt("status --json", &[]);
        if said.code != 0 {
            return Err(said.err);
        }
        let status = said.json();
        let warnings: Vec<String> = status["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|w| w.as_str().map(str::to_owned))
            .collect();
        let nodes = status["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|n| n["name"] == name).unwrap();
        if fits(node, &warnings) { Ok(()) } else { Err(status.to_string()) }
    });
}

fn warned(warnings: &[String], name: &str, what: &str) -> bool {
    warnings.iter().any(|w| w.contains(&format!("node {name}: {what}")) && w.contains("; free "))
}

#[test]
fn a_disk_that_runs_full_costs_configurations_then_the_lead_then_raft_and_never_dns() {
    if let Some(why) = not_allowed() {
        return programs::skip(TEST, &why);
    }
    let mut cluster = Cluster::form(&Setup { disk_mib: Some(DISK_MIB), ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let leader = cluster.leader();
    let name = cluster.nodes[leader].name.clone();
    let load = Load::start(&[cluster.nodes[leader].dns()]);

    leave_free(&mut cluster, leader, 13);
    wait_for_node(&cluster, &name, |node, warnings| {
        node["report"]["space"]["level"] == "low" && warned(warnings, &name, "the disk runs low")
    });
    let file = cluster.folder().join("traffic.toml").display().to_string();
    let refused = cluster.operator.attempt("apply --json -f", &[&file]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("\"no_space\""), "{refused:?}");
    // What is small goes on.
    cluster.operator.run("set-weight iad 7 --wait --timeout 30s", &[]);

    leave_free(&mut cluster, leader, 8);
    wait::until("another node to lead", || {
        let now = cluster.leader();
        if now == leader { Err(now) } else { Ok(()) }
    });
    cluster.operator.run("apply --wait --timeout 30s -f", &[&file]);

    leave_free(&mut cluster, leader, 0);
    wait_for_node(&cluster, &name, |node, warnings| {
        node["report"]["role"] == "stopped" && warned(warnings, &name, "the disk is full")
    });
    let (_, metrics) = cluster.nodes[leader].get("/metrics");
    assert!(metrics.contains("gslb_data_space_level{} 3.0"), "{metrics}");
    cluster.operator.run("set-weight iad 8", &[]);

    remove_file(cluster.nodes[leader].disk().join("ballast")).unwrap();
    wait_for_node(&cluster, &name, |node, warnings| {
        node["report"]["role"] == "follower" && !warnings.iter().any(|w| w.contains("the disk"))
    });
    crate::crashes::wait_for_sync(&cluster);
    let (asked, wrong) = load.finish();
    assert!(wrong.is_empty(), "{} of {asked} queries: {:?}", wrong.len(), wrong.first());
    assert!(asked > 100, "{asked} queries were asked");
}
