//! A node that comes to the cluster: from `gslbctl node add` until it answers DNS.

use crate::figures::{Figures, ms, quantile};
use crate::lab;
use crate::options::Options;
use gslb_tests::client::Query;
use gslb_tests::wait;
use std::time::Instant;
use tokio::runtime::Runtime;

/// Records of the larger state.
const MANY: usize = 100_000;

/// Adds nodes to a cluster with little state, and to one with much.
pub(crate) fn run(runtime: &Runtime, options: &Options, figures: &mut Figures) {
    let mut cluster = lab::three("region");
    for (state, records) in [("a small state", 0), ("100,000 records", MANY)] {
        if records > 0 {
            cluster.apply(&lab::large(records));
        }
        let mut times = Vec::new();
        for round in 0..options.rounds {
            let name = format!("j{records}-{round}");
            let begun = Instant::now();
            cluster.add(&name, &lab::setup("region"));
            let added = cluster.nodes.last().expect("it was added");
            let www = Query::new("www.shop.example.", "A");
            wait::until("the new node to answer", || match www.send(added.dns()) {
                Ok(answer) if answer.rcode == "NOERROR" => Ok(()),
                other => Err(format!("{other:?}")),
            });
            times.push(ms(begun));
            cluster.operator.run(&format!("node remove {name}"), &[]);
            let mut gone = cluster.nodes.pop().expect("it was added");
            gone.kill();
            lab::write(runtime, &lab::clients(&cluster));
        }
        let what = format!("node added to {state}: until it answers");
        figures.add(format!("{what}, median"), "ms", quantile(&times, 50));
    }
}
