//! What is saved can be looked at and begun again from; a data folder can be looked at too.

use crate::mistakes::{founder, gslb_node, run};
use crate::traffic;
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::operator::Said;
use gslb_tests::{programs, wait};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

fn gslbctl(arguments: &[&str]) -> Said {
    Said::of(&Command::new(programs::gslbctl()).args(arguments).output().unwrap())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// History and log index of a revision such as `1.42`.
fn revision(value: &Value) -> (u64, u64) {
    let (history, index) = value.as_str().unwrap().split_once('.').unwrap();
    (history.parse().unwrap(), index.parse().unwrap())
}

#[test]
fn a_cluster_is_saved_looked_at_and_begun_again_from_what_was_saved() {
    let mut cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    cluster.operator.run("set-weight iad 7 --wait --timeout 30s", &[]);
    let file = cluster.folder().join("lab.gslb");
    let saved = cluster
        .operator
        .run("snapshot save --consistency linearizable --json", &[&shown(&file)])
        .json();
    let told = gslbctl(&["snapshot", "inspect", &shown(&file)]);
    assert_eq!(told.code, 0, "{told:?}");
    for part in [saved["sha256"].as_str().unwrap(), "1 weights", "3", "whole"] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    // No key is in it.
    let bytes = fs::read(&file).unwrap();
    for secret in ["PRIVATE KEY", "BEGIN"] {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
    let mut torn = bytes.clone();
    torn[bytes.len() / 2] ^= 1;
    let bad = cluster.folder().join("bad.gslb");
    fs::write(&bad, torn).unwrap();
    let refused = gslbctl(&["snapshot", "inspect", &shown(&bad)]);
    assert_eq!((refused.code, refused.err.contains("damaged")), (1, true), "{refused:?}");

    the_old_cluster_goes_on_in_a_higher_history(&mut cluster, &file, revision(&saved["revision"]));
    a_new_cluster_begins_with_it(&cluster, &file);
    a_damaged_folder_is_named_and_no_node_starts_with_it(&mut cluster);
}

fn the_old_cluster_goes_on_in_a_higher_history(
    cluster: &mut Cluster,
    file: &Path,
    saved: (u64, u64),
) {
    let config = shown(&cluster.nodes[0].config());
    let running = gslb_node(&["data", "verify", "--config", &config]);
    assert_eq!(running.code, 1, "{running:?}");
    assert!(running.out.contains("unchecked  log.redb: a node works with it"), "{running:?}");
    let restore = ["snapshot", "restore", &shown(file), "--config", &config].map(str::to_owned);
    let restore: Vec<&str> = restore.iter().map(String::as_str).collect();
    let locked = gslbctl(&[&restore[..], &["--confirm", "lab"]].concat());
    assert_eq!(locked.code, 1, "{locked:?}");
    assert_eq!(cluster.nodes[0].stop(), Some(0));
    for refused in [gslbctl(&restore), gslbctl(&[&restore[..], &["--confirm", "prod"]].concat())] {
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains("--confirm lab"), "{refused:?}");
    }
    let done = gslbctl(&[&restore[..], &["--confirm", "lab", "--json"]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(revision(&done.json()["revision"]).0, saved.0 + 1, "{done:?}");
    let whole = gslb_node(&["data", "verify", "--config", &config, "--json"]);
    assert_eq!(whole.code, 0, "{whole:?}");

    cluster.nodes[0].start();
    let status = wait::until("the node to lead in the new history", || {
        let said = cluster.operator.attempt("status --json", &[]);
        let is_led = said.code == 0 && !said.json()["leader"].is_null();
        if is_led { Ok(said.json()) } else { Err(said) }
    });
    assert!(revision(&status["revision"]) > saved, "{status}");
    let iad = status["regions"].as_array().unwrap().iter().find(|r| r["id"] == "iad").unwrap();
    assert_eq!(iad["weight"], 7, "{status}");
    let www = Query::new("www.shop.example.", "A");
    cluster.wait_for_answer(&[0], &www, |answer| answer.answers.len() == 1);
    cluster.operator.run("set-weight iad 8 --wait --timeout 30s", &[]);
}

fn a_new_cluster_begins_with_it(cluster: &Cluster, file: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let mut node = founder(folder.path());
    let config = shown(&node.config());
    let done = gslbctl(&["snapshot", "restore", &shown(file), "--config", &config]);
    assert_eq!(done.code, 0, "nothing is given up: {done:?}");
    node.start();
    let www = Query::new("www.shop.example.", "A");
    wait::until("the new cluster to answer as the old one", || {
        let answer = www.send(node.dns()).map_err(|error| error.to_string())?;
        if answer.data() == www.ask(cluster.nodes[0].dns()).data() {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        }
    });
}

fn a_damaged_folder_is_named_and_no_node_starts_with_it(cluster: &mut Cluster) {
    assert_eq!(cluster.nodes[0].stop(), Some(0));
    let data = cluster.nodes[0].folder.join("data");
    let log = data.join("log.redb");
    let mut bytes = fs::read(&log).unwrap();
    bytes[64..320].fill(0);
    fs::write(&log, bytes).unwrap();
    let damaged = gslb_node(&["data", "verify", &shown(&data)]);
    assert_eq!(damaged.code, 3, "{damaged:?}");
    assert!(damaged.out.contains("DAMAGED    log.redb: "), "{damaged:?}");
    let refused = run(&cluster.nodes[0].config());
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("log.redb"), "{refused:?}");
}

#[test]
fn a_node_makes_backups_by_itself_and_keeps_the_newest() {
    let mut cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    assert_eq!(cluster.nodes[0].stop(), Some(0));
    let config = cluster.nodes[0].config();
    let plan = "\n[backup]\ndir = \"backups\"\nevery = \"1s\"\nkeep = 2\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + plan).unwrap();
    cluster.nodes[0].start();
    let dir = cluster.nodes[0].folder.join("backups");
    let there = || -> Vec<String> {
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| shown(&entry.path())).collect();
        names.sort();
        names
    };
    let mut seen = Vec::new();
    for weight in 1..=3 {
        wait::until("a change to be acknowledged", || {
            let said = cluster.operator.attempt(&format!("set-weight iad {weight}"), &[]);
            if said.code == 0 { Ok(()) } else { Err(said) }
        });
        let newest = wait::until("a backup of the change", || {
            let newest = there().into_iter().rfind(|name| name.ends_with(".gslb"));
            newest.filter(|name| !seen.contains(name)).ok_or("none yet")
        });
        seen.push(newest);
    }
    let told = gslbctl(&["snapshot", "inspect", seen.last().unwrap()]);
    assert_eq!(told.code, 0, "{told:?}");
    wait::until("the older ones to go", || {
        let there = there();
        if there.len() == 2 { Ok(()) } else { Err(there) }
    });
    let (_, metrics) = cluster.nodes[0].get("/metrics");
    assert!(metrics.contains("gslb_backup_failed{} 0.0"), "{metrics}");
}
