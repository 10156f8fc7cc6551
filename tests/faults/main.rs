//! Real faults on real hosts, under load: what the nodes promise is held while they happen.
//!
//! ```text
//! options   what can be typed
//! scene     three nodes on hosts of their own, queries and changes that never cease, what status says
//! load      2,000 queries a second over the live nodes, each answer judged
//! fault     the list: what is done, what status must say of it, how it ends
//! nodes     faults of nodes: killed, frozen, drained, restarted, without their data
//! network   faults of the ways between them: cut, cut one way, slow
//! disk      faults of disks: full, slow, failing
//! clock     clocks that are wrong, and step
//! report    the table
//! ```
//!
//! Held are: no query to a live node unanswered after one retry and none wrong; changes accepted again
//! in time once a majority is there; all that clients were told of changes is linearizable, so that none
//! is lost or doubled; `gslbctl status` says what is wrong and what to do, and nothing when it is over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: what it does not expect ends the run"
)]

mod clock;
mod disk;
mod fault;
mod load;
mod network;
mod nodes;
mod options;
mod report;
mod scene;

use clap::Parser as _;
use gslb_tests::hosts::Hosts;
use gslb_tests::programs;
use options::Options;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    let faults = options.faults();
    if options.list || faults.is_empty() {
        fault::ALL.iter().for_each(|fault| println!("{}: test", fault.name));
        return ExitCode::SUCCESS;
    }
    if !Hosts::is_inside() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        return match Hosts::run_inside(&arguments) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(why) => {
                programs::skip("faults", &why);
                ExitCode::SUCCESS
            }
        };
    }
    let report = scene::play(&options, &faults);
    print!("{report}");
    if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
