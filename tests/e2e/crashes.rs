//! Nodes that die at bad moments lose no acknowledged change, and no query on the others.

use crate::traffic;
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::wait;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Queries that never cease, to some nodes, until the value is asked for its count.
pub(crate) struct Load {
    end: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    pub(crate) fn start(servers: &[SocketAddr]) -> Self {
        let (end, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = servers
            .iter()
            .map(|server| {
                let (server, end, asked) = (*server, end.clone(), asked.clone());
                std::thread::spawn(move || {
                    let query = Query::new("www.shop.example.", "A");
                    let mut wrong = Vec::new();
                    while !end.load(Ordering::Relaxed) {
                        asked.fetch_add(1, Ordering::Relaxed);
                        // Once more, as every resolver does: a packet may be lost.
                        match query.send(server).or_else(|_| query.send(server)) {
                            Ok(answer)
                                if answer.rcode == "NOERROR" && answer.answers.len() == 1 => {}
                            Ok(answer) => wrong.push(format!("{server}: {answer:?}")),
                            Err(error) => wrong.push(format!("{server}: {error}")),
                        }
                        // Gentle: two processors run everything here.
                        std::thread::park_timeout(std::time::Duration::from_millis(3));
                    }
                    wrong
                })
            })
            .collect();
        Self { end, asked, threads }
    }

    /// Ends it; how many were asked, and what went wrong.
    pub(crate) fn finish(self) -> (u64, Vec<String>) {
        self.end.store(true, Ordering::Relaxed);
        let wrong = self.threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        (self.asked.load(Ordering::Relaxed), wrong)
    }
}

/// Sets the weight of a region until that is acknowledged.
fn set_weight(cluster: &Cluster, weight: u16) {
    wait::until("a change to be acknowledged", || {
        let said = cluster.operator.attempt(&format!("set-weight iad {weight}"), &[]);
        if said.code == 0 { Ok(()) } else { Err(said) }
    });
}

/// The weight that the cluster has agreed on: a node that was just started may not know the last one.
fn weight(cluster: &Cluster) -> u64 {
    let status = wait::until("a status", || {
        let said = cluster.operator.attempt("status --consistency linearizable --json", &[]);
        if said.code == 0 { Ok(said.json()) } else { Err(said) }
    });
    let regions = status["regions"].as_array().unwrap();
    regions.iter().find(|r| r["id"] == "iad").unwrap()["weight"].as_u64().unwrap()
}

#[test]
fn the_leader_is_killed_under_load_and_nothing_is_lost() {
    let mut cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&[]));
    for weight in 1..=5 {
        set_weight(&cluster, weight);
    }
    let leader = cluster.leader();
    let others: Vec<usize> = (0..3).filter(|index| *index != leader).collect();
    let load = Load::start(&others.iter().map(|i| cluster.nodes[*i].dns()).collect::<Vec<_>>());
    cluster.nodes[leader].kill();
    for weight in 6..=10 {
        set_weight(&cluster, weight);
    }
    assert_eq!(weight(&cluster), 10);
    cluster.nodes[leader].start();
    wait_for_sync(&cluster);
    let (asked, wrong) = load.finish();
    assert!(wrong.is_empty(), "{} of {asked} queries: {:?}", wrong.len(), wrong.first());
    assert!(asked > 100, "{asked} queries were asked");
    every_node_dies_and_the_state_is_still_there(&mut cluster);
}

/// Waits until every node is heard and serves the revision that the others do.
pub(crate) fn wait_for_sync(cluster: &Cluster) {
    wait::until("all nodes to serve one revision", || {
        let said = cluster.operator.attempt("status --json", &[]);
        if said.code != 0 {
            return Err(said.err);
        }
        let status = said.json();
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        let in_sync = nodes.len() == 3
            && nodes
                .iter()
                .all(|n| n["heard"] == true && n["report"]["served"] == status["revision"]);
        if in_sync { Ok(()) } else { Err(status.to_string()) }
    });
}

fn every_node_dies_and_the_state_is_still_there(cluster: &mut Cluster) {
    set_weight(cluster, 11);
    let before = cluster.operator.run("export", &[]).out;
    cluster.nodes.iter_mut().for_each(gslb_tests::node::Node::kill);
    cluster.nodes.iter_mut().for_each(gslb_tests::node::Node::start);
    wait_for_sync(cluster);
    assert_eq!(weight(cluster), 11);
    assert_eq!(cluster.operator.run("export", &[]).out, before);
    let www = Query::new("www.shop.example.", "A");
    cluster.wait_for_answer(&[0, 1, 2], &www, |answer| answer.answers.len() == 1);
    a_node_alone_answers_and_takes_no_change(cluster);
}

fn a_node_alone_answers_and_takes_no_change(cluster: &mut Cluster) {
    cluster.nodes[0].kill();
    cluster.nodes[1].kill();
    let www = Query::new("www.shop.example.", "A");
    for _ in 0..20 {
        assert_eq!(www.ask(cluster.nodes[2].dns()).answers.len(), 1);
    }
    // Cut off, it answers on, and says that what it answers may be old (RFC 8914 4.4).
    wait::until("answers to be marked as stale", || {
        let answer = www.ask(cluster.nodes[2].dns());
        assert_eq!(answer.answers.len(), 1, "{answer:?}");
        if answer.extended_error == Some(3) { Ok(()) } else { Err(format!("{answer:?}")) }
    });
    let said = cluster.operator.attempt("set-weight iad 99", &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!said.err.is_empty(), "{said:?}");
    assert_eq!(cluster.nodes[2].stop(), Some(0), "{}", cluster.nodes[2].log());
}
