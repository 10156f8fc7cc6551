//! What an answer costs: nanoseconds, and instructions where callgrind can count them.
//!
//! ```text
//! cargo bench -p gslb-node --bench answer              a table of every kind of query
//! cargo bench -p gslb-node --bench answer -- --check   holds the counts against ceilings.txt
//! cargo bench -p gslb-node --bench answer -- --accept  writes the counts to ceilings.txt
//! ```
//!
//! Instructions are counted on fixed inputs, so they repeat to the last one on one machine; nothing
//! else that runs there can move them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a program for the terminal of a developer"
)]

#[path = "../../tests/data_path/ask.rs"]
#[allow(dead_code, reason = "shared with the tests of the data path")]
mod ask;
mod ceilings;
mod count;
#[path = "../../tests/data_path/kinds.rs"]
mod kinds;
mod stages;
#[path = "../../tests/data_path/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the data path")]
mod world;

use ceilings::Ceilings;
use stages::Bench;
use std::process::ExitCode;
use std::time::Instant;

/// Rounds that are counted: enough that what the counter itself adds is less than one instruction.
const COUNTED: u32 = 200;

/// Rounds that are timed, and how often; the fastest time is told.
const TIMED: (u32, u32) = (20_000, 7);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => table(&Ceilings::read()),
        ["--check"] => check(&Ceilings::read()),
        ["--accept"] => accept(),
        ["--count", stage] => count::run_counted(&Bench::named(stage), COUNTED),
        _ => {
            eprintln!("answer [--check | --accept]");
            ExitCode::from(2)
        }
    }
}

/// Prints what everything costs.
fn table(ceilings: &Ceilings) -> ExitCode {
    println!("{:<36} {:>8} {:>13} {:>8}", "", "ns", "instructions", "ceiling");
    for bench in stages::all() {
        let counted = count::instructions(&bench.name, COUNTED);
        let counted = counted.map_or("-".to_owned(), |count| count.to_string());
        let ceiling = ceilings.of(&bench.name).map_or("-".to_owned(), |count| count.to_string());
        println!("{:<36} {:>8.1} {counted:>13} {ceiling:>8}", bench.name, timed(&bench));
    }
    if count::missing() {
        println!(
            "instructions are not counted: valgrind is not installed (apt-get install valgrind)"
        );
    }
    ExitCode::SUCCESS
}

/// Fails if anything takes more instructions than its ceiling.
fn check(ceilings: &Ceilings) -> ExitCode {
    if count::missing() {
        println!(
            "instruction counts: SKIPPED, valgrind is not installed (apt-get install valgrind)"
        );
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed) = (0, 0);
    for bench in stages::all() {
        let counted = count::instructions(&bench.name, COUNTED).expect("valgrind counts");
        let Some(ceiling) = ceilings.of(&bench.name) else {
            println!("{}: {counted} instructions, but no ceiling in ceilings.txt", bench.name);
            failed += 1;
            continue;
        };
        if counted > ceilings::with_slack(ceiling) {
            println!("{}: {counted} instructions, the ceiling is {ceiling}", bench.name);
            failed += 1;
        } else {
            passed += 1;
        }
    }
    if failed > 0 {
        println!(
            "find out why; if it is worth it: cargo bench -p gslb-node --bench answer -- --accept"
        );
    }
    println!("instruction counts: {passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Takes today's counts as the ceilings.
fn accept() -> ExitCode {
    let counts = stages::all().into_iter().map(|bench| {
        let counted = count::instructions(&bench.name, COUNTED).expect("valgrind is needed");
        (bench.name, counted)
    });
    Ceilings::write(counts);
    ExitCode::SUCCESS
}

/// Nanoseconds a round: the fastest of several runs, since whatever else runs only adds.
fn timed(bench: &Bench) -> f64 {
    let (rounds, times) = TIMED;
    let run = |_| {
        let begin = Instant::now();
        bench.run(rounds);
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
    };
    (0..times).map(run).fold(f64::INFINITY, f64::min)
}
