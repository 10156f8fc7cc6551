//! What nodes cost that do nothing but keep in touch.

use crate::figures::Figures;
use crate::lab;
use crate::options::Options;
use gslb_tests::cluster::Cluster;
use std::time::{Duration, Instant};

/// Learners beside the voters in the second look.
const LEARNERS: usize = 5;

/// Looks at three idle voters, then with learners beside them.
pub(crate) fn run(options: &Options, figures: &mut Figures) {
    let mut cluster = lab::three("region");
    for learners in [0, LEARNERS] {
        for number in 0..learners {
            let name = format!("l{number}");
            cluster.add(&name, &lab::setup("region"));
            cluster.operator.run(&format!("node demote {name}"), &[]);
        }
        let leader = cluster.leader();
        let follower = (leader + 1) % 3;
        let [lead, follow] = busy(&mut cluster, [leader, follower], options.seconds);
        figures.add(format!("idle leader with {learners} learners"), "% of a core", lead);
        figures.add(format!("idle follower with {learners} learners"), "% of a core", follow);
    }
}

/// Which part of a core two nodes take, in percent.
fn busy(cluster: &mut Cluster, nodes: [usize; 2], seconds: u64) -> [f64; 2] {
    let ids = nodes.map(|index| cluster.nodes[index].process().id());
    let (start, before) = (Instant::now(), ids.map(time_of));
    // The only thing to wait for is the time itself.
    while start.elapsed() < Duration::from_secs(seconds) {
        std::thread::park_timeout(Duration::from_secs(seconds));
    }
    let span = start.elapsed().as_secs_f64();
    let after = ids.map(time_of);
    [0, 1].map(|at| (after[at] - before[at]) as f64 / 1e9 / span * 100.0)
}

/// Time that the threads of a process were on a core so far, ns.
fn time_of(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let times = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    times.sum()
}
