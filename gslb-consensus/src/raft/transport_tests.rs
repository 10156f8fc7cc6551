//! What is slow, stands still or is asked too much holds up nothing else.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::cluster_tests::{Lab, SOON, until, voters, write};
use super::slow_link::{Pace, SlowLink};
use super::*;
use crate::model::limits::PROPOSALS_MAX;
use crate::model::{Config, zone};
use crate::state::command::{PassTime, PutConfig};
use crate::state::{Command, Proof, Reply};

/// A configuration of so many records of 60,000 bytes.
fn large(records: usize) -> Command {
    let mut text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n".to_owned();
    let bytes = "5a".repeat(60_000);
    for number in 0..records {
        text.push_str(&format!("x{number} TYPE65280 \\# 60000 {bytes}\n"));
    }
    let zone = zone::read::read(&"example.org.".parse().unwrap(), &text).unwrap();
    let mut config = Config::default();
    config.zones.insert(zone.name.clone(), Arc::new(zone));
    Command::PutConfig(PutConfig { config: Arc::new(config), expect: None })
}

/// Two voters with a large state and no log, and a third node that must be sent a snapshot over `pace`.
async fn joining(lab: &mut Lab, records: usize, pace: Pace) -> ([Cluster; 3], SlowLink) {
    let (one, two) = (lab.start(1), lab.start(2));
    write(&one).await;
    one.add_node(Some(2), lab.record(2), Origin::new("test")).await.unwrap();
    until(&one, "two vote", |s, _| voters(s) == [1, 2]).await;
    let put = one.propose_within(large(records), Origin::new("test"), SOON).await.unwrap();
    assert!(matches!(put, Reply::Done { .. }), "{put:?}");
    one.purge_for_test().await;
    let link = SlowLink::to(lab.address(3).parse().unwrap(), pace).await;
    lab.advertise(3, link.address.port());
    let three = lab.start(3);
    one.add_node(Some(3), lab.record(3), Origin::new("test")).await.unwrap();
    ([one, two, three], link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_stands_still_delays_neither_heartbeats_nor_the_log() {
    let mut lab = Lab::new();
    let ([one, two, three], link) = joining(&mut lab, 20, Pace::StallsAfter(256 << 10)).await;
    until(&three, "it hears the leader", |s, _| s.leader == Some(1)).await;
    let waited = tokio::time::timeout(SOON, async {
        while link.stalled() == 0 {
            write(&one).await;
        }
    });
    waited.await.expect("the snapshot stands still");
    let (begun, term) = (Instant::now(), one.status().term);
    let (mut slowest, mut oldest, mut count) = (Duration::ZERO, 0, 0);
    // Twice as long as a leader may be silent.
    while begun.elapsed() < Timers::Patient.election() * 2 {
        let at = Instant::now();
        write(&one).await;
        slowest = slowest.max(at.elapsed());
        oldest = oldest.max(three.status().quorum_age_ms.unwrap());
        count += 1;
    }
    println!("{count} writes, slowest {slowest:?}, heartbeats at most {oldest} ms apart");
    assert!(slowest < Timers::Patient.election(), "a write took {slowest:?}");
    assert!(oldest < Timers::Patient.election().as_millis() as u64, "not heard for {oldest} ms");
    assert_eq!((one.status().term, three.status().term), (term, term), "nobody campaigned");
    assert!(three.state().config.zones.is_empty(), "the snapshot is not there yet");
    link.release();
    until(&three, "it votes", |s, state| voters(s) == [1, 2, 3] && !state.config.zones.is_empty())
        .await;
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_gets_through_a_line_of_256_kib_a_second() {
    let mut lab = Lab::new();
    // The answer to a keep-alive waits behind a piece of it for seconds: no reason to begin again.
    let pace = Pace::BytesPerSecond(256 << 10);
    let ([one, two, three], _link) = joining(&mut lab, 35, pace).await;
    let begun = Instant::now();
    until(&three, "it has the state", |_, state| !state.config.zones.is_empty()).await;
    println!("2 MiB in {:?}", begun.elapsed());
    until(&three, "it votes", |s, _| voters(s) == [1, 2, 3]).await;
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_commands_than_a_node_takes_at_once_are_refused_and_nothing_is_changed() {
    let lab = Lab::new();
    let held = Arc::new((Mutex::new(true), Condvar::new()));
    let hold = Arc::clone(&held);
    let gate: Gate = Arc::new(move |_, _| {
        let (is_held, changed) = &*hold;
        let mut held = is_held.lock().unwrap();
        while *held {
            held = changed.wait(held).unwrap();
        }
        Ok(())
    });
    let one = lab.start_with(1, Some(gate)).unwrap();
    let send = |cluster: &Cluster, proof| {
        let mut origin = Origin::new("ann");
        origin.caller.proof = proof;
        let cluster = cluster.clone();
        let command = Command::PassTime(PassTime {});
        tokio::spawn(async move { cluster.propose_within(command, origin, SOON).await })
    };
    let operator = Proof::AdminCertificate;
    until(&one, "it leads", |s, _| s.role == Role::Leader).await;
    let waiting: Vec<_> = (0..PROPOSALS_MAX).map(|_| send(&one, operator)).collect();
    let refused = tokio::time::timeout(SOON, async {
        // Those above may not have begun yet.
        loop {
            let asked = tokio::time::timeout(Duration::from_millis(100), send(&one, operator));
            if let Ok(Ok(answer)) = asked.await {
                return answer;
            }
        }
    });
    assert_eq!(refused.await.unwrap(), Err(ProposeError::Busy));
    let own = send(&one, Proof::Node);
    *held.0.lock().unwrap() = false;
    held.1.notify_all();
    for answer in waiting.into_iter().chain([own]) {
        let answer = answer.await.unwrap();
        assert!(matches!(answer, Ok(Reply::Done { .. }) | Err(ProposeError::Busy)), "{answer:?}");
    }
    let after = send(&one, operator).await.unwrap();
    assert!(matches!(after, Ok(Reply::Done { .. })), "{after:?}");
    one.shutdown().await;
}
