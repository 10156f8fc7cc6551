//! What is said to who starts a node wrongly, and with which exit code.

use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::node::Node;
use gslb_tests::operator::Said;
use gslb_tests::{loopback, programs};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

pub(crate) fn gslb_node(arguments: &[&str]) -> Said {
    Said::of(&Command::new(programs::gslb_node()).args(arguments).output().unwrap())
}

pub(crate) fn run(config: &Path) -> Said {
    gslb_node(&["--config", &config.display().to_string()])
}

fn check(config: &Path) -> Said {
    gslb_node(&["check", "--config", &config.display().to_string()])
}

/// The last line is one sentence for a person: no panic, no debug form.
fn assert_one_sentence(said: &Said) {
    let last = said.err.lines().last().unwrap_or_default();
    assert!(last.starts_with("gslb-node: "), "{said:?}");
    for word in ["panicked", "Os {", "Error(", "RUST_BACKTRACE"] {
        assert!(!said.err.contains(word), "{said:?}");
    }
}

/// A founder's folder that nothing runs in.
pub(crate) fn founder(folder: &Path) -> Node {
    let dir = folder.join("cluster");
    let ctl = |arguments: &[&str]| {
        let said = Command::new(programs::gslbctl()).args(arguments).output().unwrap();
        assert!(said.status.success(), "{said:?}");
    };
    ctl(&["cluster", "init", "--name", "lab", "--dir", &dir.display().to_string()]);
    let node = Node::new("n1", folder.join("n1"), loopback::fresh(), 5353);
    let (context, out) = (dir.join("ctl.toml"), node.folder.display().to_string());
    let context = context.display().to_string();
    let (raft, api) = (node.raft(), node.api());
    let add = ["node", "add", "n1", "--raft", &raft, "--api", &api, "--out", &out];
    ctl(&[&["--context", &context], &add[..]].concat());
    node.write_config(&[]);
    node
}

#[test]
fn a_taken_port_is_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let node = founder(folder.path());
    let taken = UdpSocket::bind(node.dns()).unwrap();
    let checked = check(&node.config());
    assert_eq!(checked.code, 2, "{checked:?}");
    assert!(checked.err.contains(&node.dns().to_string()), "{checked:?}");
    let said = run(&node.config());
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(&node.dns().to_string()), "{said:?}");
    assert_one_sentence(&said);
    drop(taken);
    let free = check(&node.config());
    assert_eq!(free.code, 0, "{free:?}");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_a_fault_of_storage() {
    let folder = tempfile::tempdir().unwrap();
    let node = founder(folder.path());
    // A file where the folder should be: that refuses root too.
    std::fs::write(node.folder.join("data"), "").unwrap();
    let checked = check(&node.config());
    assert_eq!(checked.code, 2, "{checked:?}");
    let said = run(&node.config());
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("data"), "{said:?}");
    assert_one_sentence(&said);
}

#[test]
fn every_fault_of_a_file_is_named_with_its_line_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let node = founder(folder.path());
    let text = "nmae = \"n1\"\n[dns]\nlisten = [\"127.0.0.1\"]\nworkers = 1000\n[raft\n";
    std::fs::write(node.config(), text).unwrap();
    for said in [check(&node.config()), run(&node.config())] {
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("node.toml:5"), "the broken line: {said:?}");
    }
    std::fs::write(node.config(), text.replace("[raft\n", "")).unwrap();
    let said = check(&node.config());
    for place in ["node.toml:1: nmae", "node.toml:3: dns.listen", "node.toml:4: dns.workers"] {
        assert!(said.err.contains(place), "{place} in {said:?}");
    }
    let none = gslb_node(&["--config", "no-such-file.toml"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.err.contains("no-such-file.toml"), "{none:?}");
}

#[test]
fn an_identity_of_nobody_or_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = founder(folder.path());
    let text = std::fs::read_to_string(node.config()).unwrap();
    std::fs::write(node.config(), text.replace("name = \"n1\"", "name = \"n2\"")).unwrap();
    let said = run(&node.config());
    assert_eq!(said.code, 2, "{said:?}");
    assert_one_sentence(&said);
    std::fs::write(node.config(), text.replace("identity = \".\"", "identity = \"none\"")).unwrap();
    let said = run(&node.config());
    assert_eq!(said.code, 2, "{said:?}");
    assert_one_sentence(&said);
}

#[test]
fn usage_is_told_and_help_has_examples() {
    for arguments in [&["--no-such"][..], &["check"], &["ctl", "no-such-command"]] {
        let said = gslb_node(arguments);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("Usage") || said.err.contains("--help"), "{said:?}");
    }
    let help = gslb_node(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.contains("Examples:"), "{help:?}");
    let ctl = Command::new(programs::gslbctl()).arg("--help").output().unwrap();
    assert!(Said::of(&ctl).out.contains("Examples:"));
}

#[test]
fn an_operator_without_a_certificate_of_the_cluster_is_turned_away() {
    let cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    let other = tempfile::tempdir().unwrap();
    founder(other.path());
    let context = std::fs::read_to_string(cluster.operator.context()).unwrap();
    let foreign = other.path().join("cluster/ctl.toml");
    std::fs::write(&foreign, context).unwrap();
    let said = gslb_tests::operator::Operator::new(&foreign).attempt("status", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    let nobody = cluster.operator.attempt("status --context none.toml", &[]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
}
