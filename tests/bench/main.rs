//! A bounded load generator: what an answer of a node costs, beside what the kernel alone costs.
//!
//! ```text
//! options    what can be typed
//! world      the traffic file and zones that the node serves
//! scenario   what is asked
//! servers    the node and the bare responder, alive side by side on one core
//! bare       the bare responder: it moves packets, and hardly more
//! batch      datagrams many at a time      socket   one connected socket
//! client     closed loop, fixed rate  ---> tally    what became of the queries
//! cpu        cores, and time on them
//! side       one of two servers that are asked in turn
//! rounds     short slices of both in turn, and the ratios of pairs
//! size       what many names cost
//! storm      three nodes while everything happens at once  ---> weather   what happens
//! report     a table for people, JSON for programs
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: what it does not expect ends the run"
)]

mod bare;
mod batch;
mod client;
mod cpu;
mod options;
mod report;
mod rounds;
mod scenario;
mod servers;
mod side;
mod size;
mod socket;
mod storm;
mod tally;
mod weather;
mod world;

use clap::Parser as _;
use options::{Options, Role};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut options = Options::parse();
    if let Some(Role::Bare { listen }) = options.role {
        return bare::serve(listen);
    }
    if !options.bench {
        println!("run it by: cargo bench -p gslb-tests --bench load -- --help");
        return ExitCode::SUCCESS;
    }
    if let Err(why) = options.settle() {
        eprintln!("load: {why}");
        return ExitCode::from(2);
    }
    let (table, json, sound) = match (options.storm, options.size) {
        (true, _) => storm::run(&options),
        (_, true) => size::run(&options),
        _ => rounds::run(&options),
    };
    print!("{table}");
    report::write(&options.json_file(), &json);
    // Speed is told, not judged, but for what --size holds; an answer that is wrong or missing fails
    // the run.
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
