//! What can be typed.

use clap::{Parser, ValueEnum};

/// Measures a cluster of real nodes on this machine: changes, failover, joining, idleness.
///
/// Nodes, clients and disk share the machine, so that every figure is a bound from above.
#[derive(Debug, Parser)]
#[command(name = "cluster", max_term_width = 100)]
#[command(bin_name = "cargo bench -p gslb-tests --bench cluster --")]
#[command(after_help = "\
Examples (each after `cargo bench -p gslb-tests --bench cluster --`):
                             everything, in a few minutes
  --only writes --json       changes only, for programs
  --only failover --rounds 9 more rounds for each set of timers")]
pub(crate) struct Options {
    /// Only this part; may be given more than once [default: all].
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Rounds of each failover and each join, of which the median counts, 1 to 25.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=25))]
    pub(crate) rounds: u64,
    /// Changes that are made one at a time, 10 to 10,000.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=10_000))]
    pub(crate) changes: u64,
    /// Seconds of as many changes as go, and of each look at idle nodes, 1 to 60.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Changes: one at a time, until all nodes serve them, and as many as go.
    Writes,
    /// The leader is killed.
    Failover,
    /// A node comes to the cluster.
    Join,
    /// Nobody does anything.
    Idle,
}

impl Options {
    /// What is to be measured.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let all = Part::value_variants().iter().copied();
        all.filter(|part| self.only.is_empty() || self.only.contains(part)).collect()
    }
}
