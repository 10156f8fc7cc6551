//! Nodes on hosts of their own, cut off from each other.

use crate::registers;
use crate::traffic;
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::history::{self, Ask, Operation};
use gslb_tests::hosts::Hosts;
use gslb_tests::registers::{first, only};
use gslb_tests::wait;
use std::sync::Arc;

fn cluster_of_hosts() -> (Cluster, Arc<Hosts>) {
    let hosts = Arc::new(Hosts::new(3));
    let cluster = Cluster::form(&Setup { hosts: Some(Arc::clone(&hosts)), ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    (cluster, hosts)
}

#[test]
fn weights_are_linearizable_while_leaders_are_cut_off() {
    if !Hosts::enter("partitions::weights_are_linearizable_while_leaders_are_cut_off") {
        return;
    }
    let (mut cluster, hosts) = cluster_of_hosts();
    registers::judge(&mut cluster, |cluster, pass| {
        let leader = cluster.leader();
        hosts.cut(leader);
        pass();
        hosts.mend();
    });
}

#[test]
fn a_node_that_is_cut_off_answers_says_so_and_is_caught_where_it_is_stale() {
    if !Hosts::enter(
        "partitions::a_node_that_is_cut_off_answers_says_so_and_is_caught_where_it_is_stale",
    ) {
        return;
    }
    let (cluster, hosts) = cluster_of_hosts();
    let cut = cluster.leader();
    let (alone, other) = (first(&cluster, cut), first(&cluster, (cut + 1) % 3));
    alone.run("set-weight fra 1", &[]);
    hosts.cut(cut);
    wait::until("the others to have a leader and take a change", || {
        let said = other.attempt("set-weight fra 2 --json", &[]);
        if said.code == 0 { Ok(()) } else { Err(said) }
    });
    // It knows that it is alone, says so, and refuses what needs the others.
    let status = wait::until("the node to notice", || {
        let said = alone.attempt("status --json", &[]);
        let text = said.out.clone();
        if text.contains("changes are not accepted") { Ok(said.json()) } else { Err(text) }
    });
    assert_eq!(status["consistency"], "local");
    // The others are asked next, so that only a node's own answer is looked at here.
    let only = only(&cluster, cut);
    for line in ["weights --consistency linearizable --json", "set-weight fra 3 --json"] {
        let said = only.attempt(line, &[]);
        assert_eq!(said.code, 1, "{said:?}");
        let refused = ["no_quorum", "no_leader"].map(|code| format!("\"{code}\""));
        assert!(refused.iter().any(|code| said.err.contains(code)), "{said:?}");
    }
    // It goes on answering from the last agreed state.
    let answer = Query::new("www.shop.example.", "A").send(cluster.nodes[cut].dns()).unwrap();
    assert_eq!((answer.rcode.as_str(), answer.answers.len()), ("NOERROR", 1), "{answer:?}");
    // Its local reads are stale, and say how old: the checker must tell.
    let weights = only.run("weights --json", &[]).json();
    assert_eq!(weights["weights"][0]["weight"], 1, "{weights}");
    assert!(weights["age_ms"].as_u64().unwrap() > 0, "{weights}");
    let done = |from, ask| Operation { client: 0, from, to: Some(from + 1), ask };
    let mut history = vec![
        done(1, Ask::Write(Some(1))),
        done(3, Ask::Write(Some(2))),
        done(5, Ask::Read(weights["weights"][0]["weight"].as_u64())),
    ];
    assert!(history::check(&history).is_err(), "a stale read was not told");
    hosts.mend();
    wait::until("the node to have caught up", || {
        let said = only.attempt("weights --consistency linearizable --json", &[]);
        if said.code == 0 { Ok(said.json()) } else { Err(said) }
    });
    let weights = only.run("weights --consistency linearizable --json", &[]).json();
    history[2].ask = Ask::Read(weights["weights"][0]["weight"].as_u64());
    assert_eq!(history::check(&history), Ok(()));
}
