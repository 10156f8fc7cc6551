//! Faults of disks: full, slow, failing.

use crate::scene::Scene;
use gslb_tests::injection::Injection;
use std::fs::{File, remove_file};
use std::io::Write as _;

/// How long each sync of a slow disk takes, ms: longer than half of any heartbeat interval.
const SLOW_MS: u32 = 700;

/// The disk of the leader runs full.
pub(crate) fn full(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    let ballast = scene.cluster.nodes[leader].disk().join("ballast");
    let mut file = File::create(&ballast).expect("the disk takes a file");
    let block = vec![0_u8; 256 << 10];
    while file.write_all(&block).is_ok() {}
    // An open file would keep its room when it is removed.
    drop(file);
    scene.changes_go_on();
    let told = format!("node {name}: the disk is full: Raft is stopped on this node, DNS goes on");
    scene.says(other, &[&told, "; free "]);
    scene.says(leader, &[&told]);
    remove_file(ballast).expect("a file can be removed");
}

/// The disk of the leader becomes slow.
pub(crate) fn slow(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    let injection =
        inject(scene, leader, |process, log| Injection::slow_disk(process, SLOW_MS, log));
    scene.says(other, &[&format!("node {name}: its disk is slow"), "iostat"]);
    scene.changes_go_on();
    drop(injection);
}

/// The disk of the leader fails whatever is asked of it.
pub(crate) fn failing(scene: &mut Scene<'_>) {
    let (leader, (other, _)) = (scene.leader(), scene.followers());
    let name = scene.name(leader);
    let injection = inject(scene, leader, Injection::failing_disk);
    let told = format!("node {name} stopped following, DNS goes on");
    scene.says(other, &[&told, "Input/output error", "dmesg"]);
    scene.says(leader, &[&told]);
    scene.changes_go_on();
    drop(injection);
}

fn inject(
    scene: &mut Scene<'_>,
    node: usize,
    make: impl FnOnce(u32, &std::path::Path) -> Injection,
) -> Injection {
    let log = scene.cluster.folder().join("strace.txt");
    let _ = remove_file(&log);
    make(scene.cluster.nodes[node].process().id(), &log)
}
