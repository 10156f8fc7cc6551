//! Changes one at a time, to the nodes that serve them, and as many as go at once.

use crate::api::Api;
use crate::figures::{Figures, ms};
use crate::lab;
use crate::options::Options;
use gslb_tests::cluster::Cluster;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Clients that change something all the time, each over a connection of its own.
const CLIENTS: usize = 16;

/// Certificates that they share: one caller may ask 1,000 times a second.
const ADMINS: usize = 4;

/// Changes one at a time and as many as go, at three nodes.
pub(crate) fn run(runtime: &Runtime, options: &Options, figures: &mut Figures) {
    let cluster = lab::three("region");
    let clients = lab::clients(&cluster);
    let leader = cluster.leader();
    for (who, at) in [("the leader", leader), ("a follower", (leader + 1) % 3)] {
        let (mut acknowledged, mut served) = (Vec::new(), Vec::new());
        for number in 0..options.changes {
            let start = Instant::now();
            let revision = runtime.block_on(clients[at].set_weight(number)).expect("a change");
            acknowledged.push(ms(start));
            let wait = clients.iter().map(|client| client.serves(&revision));
            runtime.block_on(futures::future::join_all(wait));
            served.push(ms(start));
        }
        figures.spread(&format!("change sent to {who}: acknowledged"), &acknowledged);
        figures.spread(&format!("change sent to {who}: served by all three"), &served);
    }
    let within = Duration::from_secs(options.seconds);
    let (done, times) = runtime.block_on(many(&many_clients(&cluster, leader), within));
    let rate = done as f64 / within.as_secs_f64();
    figures.add(format!("changes by {CLIENTS} clients at once"), "a second", rate);
    figures.spread(&format!("change by one of {CLIENTS} clients"), &times);
}

/// Clients with connections of their own, two of three to followers as it comes.
fn many_clients(cluster: &Cluster, leader: usize) -> Vec<Api> {
    let admin = |number: usize| {
        let out = cluster.folder().join(format!("admin-{number}"));
        let line = format!("cluster add-admin admin-{number} --out");
        cluster.operator.run(&line, &[&out.display().to_string()]);
        out
    };
    let admins: Vec<_> = (0..ADMINS).map(admin).collect();
    let client = |number: usize| {
        let at = (leader + number) % cluster.nodes.len();
        Api::new(&admins[number % ADMINS], at + 1, &cluster.nodes[at])
    };
    (0..CLIENTS).map(client).collect()
}

/// How many changes were acknowledged, and how long each took, ms.
async fn many(clients: &[Api], within: Duration) -> (u64, Vec<f64>) {
    let (count, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let work = clients.iter().cloned().map(|client| {
        let count = Arc::clone(&count);
        tokio::spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < within {
                let (number, begun) = (count.fetch_add(1, Ordering::Relaxed), Instant::now());
                client.set_weight(number).await.expect("a change");
                times.push(ms(begun));
            }
            times
        })
    });
    let ended = futures::future::join_all(work).await;
    let times: Vec<f64> = ended.into_iter().flat_map(|times| times.expect("it ends")).collect();
    (times.len() as u64, times)
}
