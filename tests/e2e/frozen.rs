//! A voter that stands still, as a machine that swaps or a paused VM does.

use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::registers::first;
use std::fmt::Write as _;

/// Rounds before memory is looked at, and those after.
const ROUNDS: (u32, u32) = (6, 30);

/// What the leader may grow by while it keeps a frozen voter, MiB: less than a third of what it sends.
const GROWTH_MIB: f64 = 16.0;

/// A zone of about 1.4 MiB, every record of which differs from round to round.
fn zone(round: u32) -> String {
    let mut text = "[[zones]]\nname = \"shop.example\"\nrecords = '''\n".to_owned();
    let _ = writeln!(text, "@ 60 SOA ns1 host {round} 7200 900 86400 60\n@ 60 NS ns1");
    let _ = writeln!(text, "ns1 60 A 192.0.2.53\nround 60 TXT \"{round}\"");
    for n in 0..6_000_u32 {
        let _ = writeln!(text, "t{n} 60 TXT \"{round} {n} {}\"", "x".repeat(200));
    }
    text.push_str("'''\n");
    text
}

fn memory_mib(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

#[test]
fn a_frozen_voter_costs_the_leader_bounded_memory_and_catches_up() {
    let mut cluster = Cluster::form(&Setup::default());
    let leader = cluster.leader();
    let frozen = (leader + 1) % 3;
    let operator = first(&cluster, leader);
    let file = cluster.folder().join("zone.toml");
    let mut round = 0;
    let mut apply = || {
        round += 1;
        std::fs::write(&file, zone(round)).unwrap();
        operator.run("apply -f", &[&file.display().to_string()]);
        round
    };
    cluster.nodes[frozen].process().signal("STOP");
    for _ in 0..ROUNDS.0 {
        apply();
    }
    let process = cluster.nodes[leader].process().id();
    let before = memory_mib(process);
    let mut last = 0;
    let mut most = before;
    for _ in 0..ROUNDS.1 {
        last = apply();
        most = most.max(memory_mib(process));
    }
    println!("{before:.0} MiB before, at most {most:.0} MiB");
    assert!(most - before < GROWTH_MIB, "{before:.0} MiB before, then {most:.0} MiB");
    cluster.nodes[frozen].process().signal("CONT");
    let text = format!(" TXT {last}");
    cluster.wait_for_answer(&[0, 1, 2], &Query::new("round.shop.example.", "TXT"), |answer| {
        answer.answers.iter().any(|record| record.ends_with(&text))
    });
}
