//! What can be typed behind `cargo test -p gslb-tests --test simulation --`.

use clap::Parser;

/// How many seeds are tried if nothing is said.
const SEEDS: u64 = 50;

/// Runs the cluster in simulation, one test a seed.
#[derive(Parser)]
#[command(name = "simulation")]
pub(crate) struct Options {
    /// Run this seed only.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Run so many seeds, from 0 on (50 unless told).
    #[arg(long)]
    seeds: Option<u64>,
    /// Begin with this seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Print what happens as it happens.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Run so many seeds at once.
    #[arg(long, visible_alias = "test-threads")]
    threads: Option<usize>,
    /// List the tests and run none.
    #[arg(long)]
    pub(crate) list: bool,
    /// Run tests whose name (`simulation::seed_7`) has one of these in it.
    filter: Vec<String>,
    /// Taken for the sake of cargo's other tests.
    #[arg(long, short, hide = true)]
    quiet: bool,
    /// As above.
    #[arg(long, hide = true)]
    nocapture: bool,
    /// As above.
    #[arg(long, hide = true)]
    exact: bool,
    /// As above.
    #[arg(long, hide = true)]
    include_ignored: bool,
}

impl Options {
    /// The seeds to run.
    pub(crate) fn seeds(&self) -> Vec<u64> {
        let seeds = match self.seed {
            Some(seed) => seed..seed + 1,
            None => self.from..self.from + self.seeds.unwrap_or(SEEDS),
        };
        let wanted = |seed: &u64| {
            let name = format!("simulation::seed_{seed}");
            self.filter.is_empty() || self.filter.iter().any(|part| name.contains(part.as_str()))
        };
        seeds.filter(wanted).collect()
    }

    /// How many run at once.
    pub(crate) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(cores).max(1)
    }

    /// The command that runs a seed again.
    pub(crate) fn command(&self, seed: u64) -> String {
        format!("cargo test -p gslb-tests --test simulation -- --seed {seed}")
    }
}
