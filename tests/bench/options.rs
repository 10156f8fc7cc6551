//! What can be typed.

use crate::cpu;
use crate::scenario::Scenario;
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Drives a real node over loopback, and in turn with it a responder that only moves packets.
///
/// Every figure stands beside the bare responder's of the same moment and the same core: the ratio
/// holds on a busy machine, where the figures alone do not. Exit code 1: an answer of the node
/// was wrong or missing.
#[derive(Debug, Parser)]
#[command(name = "load", max_term_width = 100)]
#[command(bin_name = "cargo bench -p gslb-tests --bench load --")]
#[command(after_help = "\
Examples (each after `cargo bench -p gslb-tests --bench load --`):
                                        every scenario, in about a minute
  --scenario ecs --scenario static      these two
  --scenario ecs --seconds 20 --rate 0  CPU a query more exactly, and no fixed rate
  --rate 50000                          latency at 50,000 queries a second
  --storm                               the tail while health flips, data is replaced, a leader dies
  --size                                memory, start and CPU a query with a million names
  --server-core 2 --client-core 3       on a machine with more cores

Columns: CPU ns/query of node and bare responder; x bare, x static: medians of ratios of
neighbouring slices, with their quartiles; latencies in microseconds at the fixed rate.")]
pub(crate) struct Options {
    /// Only this scenario; may be given more than once [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<Scenario>,
    /// Seconds of a scenario's closed loop, 1 to 20; its fixed rate takes half as long.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=20))]
    pub(crate) seconds: u64,
    /// Queries a second of the fixed rate, up to 100,000; 0: none.
    #[arg(long, default_value_t = 20_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) rate: u64,
    /// Queries in flight in the closed loop, 1 to 1024.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(crate) in_flight: u64,
    /// Sockets of the client, 1 to 32.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=32))]
    pub(crate) sockets: u64,
    /// Length of a slice, 50 to 1000 ms.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(50..=1000))]
    pub(crate) slice_ms: u64,
    /// Names with records of their own in the zone, 1 to 900,000.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=900_000))]
    pub(crate) names: u64,
    /// Seed of all that is drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Core of both servers [default: the first that may be used].
    #[arg(long, value_name = "CORE")]
    server_core: Option<usize>,
    /// Core of the client [default: the last that may be used].
    #[arg(long, value_name = "CORE")]
    client_core: Option<usize>,
    /// Measure the tail at the fixed rate while everything happens at once, instead of the
    /// scenarios.
    #[arg(long)]
    pub(crate) storm: bool,
    /// Measure memory, the start and CPU a query with a million names, and hold them against their
    /// limits, instead of the scenarios.
    #[arg(long, conflicts_with = "storm")]
    pub(crate) size: bool,
    /// Seconds of the storm, 5 to 60.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..=60))]
    pub(crate) storm_seconds: u64,
    /// Where the JSON goes [default: bench/load.json in the target folder].
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
    /// What this process is, if it is not the client.
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What a child of the load generator is.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Role {
    /// The bare responder: answers until its standard input ends.
    #[command(hide = true)]
    Bare {
        /// Its address, on loopback.
        listen: SocketAddr,
    },
}

impl Options {
    /// Fills in the cores, as long as this process is tied to none, or says what is wrong.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        if self.storm && self.rate == 0 {
            return Err("--storm measures at a fixed rate: --rate 1 or more".to_owned());
        }
        let cores = cpu::allowed();
        let server = *self.server_core.get_or_insert(cores.first().copied().unwrap_or_default());
        let client = *self.client_core.get_or_insert(cores.last().copied().unwrap_or_default());
        if let Some(core) = [server, client].iter().find(|core| !cores.contains(core)) {
            return Err(format!("core {core} may not be used here, only {cores:?}"));
        }
        if server == client {
            eprintln!("one core for client and servers: latencies will say little");
        }
        Ok(())
    }

    /// Core of both servers, and of all that happens besides.
    pub(crate) fn server_core(&self) -> usize {
        self.server_core.expect("settle() has chosen it")
    }

    /// Core of the client.
    pub(crate) fn client_core(&self) -> usize {
        self.client_core.expect("settle() has chosen it")
    }

    /// The scenarios to run, in their own order.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let wanted = |s: &Scenario| self.scenario.is_empty() || self.scenario.contains(s);
        Scenario::ALL.into_iter().filter(wanted).collect()
    }

    /// Length of a slice.
    pub(crate) fn slice(&self) -> Duration {
        Duration::from_millis(self.slice_ms)
    }

    /// Where the JSON goes.
    pub(crate) fn json_file(&self) -> PathBuf {
        self.json.clone().unwrap_or_else(|| {
            // TARGET/PROFILE/deps/THIS-BENCH
            let this = std::env::current_exe().expect("a bench knows its own path");
            let target = this.ancestors().nth(3).expect("cargo puts benches into deps/");
            target.join("bench/load.json")
        })
    }
}
