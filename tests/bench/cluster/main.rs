//! What the cluster does in which time: real nodes on loopback, with disks that sync.
//!
//! ```text
//! options    what can be typed
//! lab        nodes, and clients of their API     api   one client, one HTTP/2 connection
//! writes     changes one at a time, to the nodes that serve them, and as many as go at once
//! failover   the leader is killed: until the next change is acknowledged
//! joining    a node that comes to the cluster, with little state and with much
//! idle       what nodes cost that do nothing
//! figures    a table for people, JSON for programs
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: what it does not expect ends the run"
)]

mod api;
mod failover;
mod figures;
mod idle;
mod joining;
mod lab;
mod options;
mod writes;

use clap::Parser as _;
use figures::Figures;
use options::{Options, Part};
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        println!("run it by: cargo bench -p gslb-tests --bench cluster -- --help");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("threads can be started");
    let _inside = runtime.enter();
    let mut figures = Figures::default();
    for part in options.parts() {
        eprintln!("{part:?} ...");
        match part {
            Part::Writes => writes::run(&runtime, &options, &mut figures),
            Part::Failover => failover::run(&runtime, &options, &mut figures),
            Part::Join => joining::run(&runtime, &options, &mut figures),
            Part::Idle => idle::run(&options, &mut figures),
        }
    }
    if options.json {
        println!("{}", figures.json());
    } else {
        print!("{}", figures.table());
    }
    ExitCode::SUCCESS
}
