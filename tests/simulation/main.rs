//! The cluster in one process, on a network, disks and clocks that fail by a plan.
//!
//! ```text
//! seed --> plan (nodes, weather, faults) --> lab: real nodes on a network, disks and clocks of code
//!                                             |
//!   clients, vantages  -- propose, read --->  |  <--- mishaps: what the plan has happen, and its end
//!                                             v
//!   observer: looks at all nodes, and every invariant judges; then all is mended, and they must agree
//! ```
//!
//! What runs is the product: log, state machine, snapshots, supervisor, the leader's tasks, clocks,
//! proposals and their way through encoded messages to the routes of another node. Only the wire, the
//! bytes of the log and the clocks are replaced, and time is paused: it moves on when nobody has
//! anything to do. A seed gives the same plan each time. Its trace is close to the same: openraft draws
//! election timeouts from the system, tokio the order in which it polls, and ids are random.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: what it does not expect ends the run"
)]

mod client;
mod clock;
mod converge;
mod disk;
mod invariants;
mod journal;
mod lab;
mod ledger;
mod mishap;
mod network;
mod node;
mod observer;
mod options;
mod panics;
mod plan;
mod run;
mod vantage;

use clap::Parser as _;
use options::Options;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

fn main() -> ExitCode {
    let options = Options::parse();
    let seeds = options.seeds();
    if options.list {
        seeds.iter().for_each(|seed| println!("seed_{seed}: test"));
        return ExitCode::SUCCESS;
    }
    panics::keep_count();
    println!("\nrunning {} tests", seeds.len());
    let (start, next) = (Instant::now(), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.threads() {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    let outcome = run::run(*seed, &options);
                    let took = begun.elapsed().as_secs_f64();
                    match outcome {
                        Ok(told) => println!("seed {seed} ... ok ({took:.1} s) {told}"),
                        Err(why) => {
                            println!("seed {seed} ... FAILED ({took:.1} s)\n{why}");
                            println!("again: {}", options.command(*seed));
                            failed.lock().unwrap().push(*seed);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; 0 filtered out; \
         finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        seeds.len() - failed.len(),
        failed.len(),
        start.elapsed().as_secs_f64()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
