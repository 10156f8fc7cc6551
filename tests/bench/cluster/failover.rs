//! The leader is killed: how long until the next change is acknowledged.

use crate::figures::{Figures, ms, quantile};
use crate::lab;
use crate::options::Options;
use std::time::Instant;
use tokio::runtime::Runtime;

/// The declared sets of timers.
const TIMERS: [&str; 3] = ["region", "continent", "global"];

/// Kills leaders with each set of timers.
pub(crate) fn run(runtime: &Runtime, options: &Options, figures: &mut Figures) {
    for timers in TIMERS {
        let mut cluster = lab::three(timers);
        let mut times = Vec::new();
        for _ in 0..options.rounds {
            let leader = cluster.leader();
            let mut clients = lab::clients(&cluster);
            clients.remove(leader);
            lab::write(runtime, &clients);
            cluster.nodes[leader].kill();
            let start = Instant::now();
            lab::write(runtime, &clients);
            times.push(ms(start));
            cluster.nodes[leader].start();
            let back = lab::clients(&cluster);
            gslb_tests::wait::until("the node to be back", || {
                runtime.block_on(back[leader].set_weight(1))
            });
        }
        let what = format!("leader killed, {timers} timers: next change acknowledged");
        figures.add(format!("{what}, median"), "ms", quantile(&times, 50));
        figures.add(format!("{what}, longest"), "ms", quantile(&times, 100));
    }
}
