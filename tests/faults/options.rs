//! What can be typed.

use crate::fault::{ALL, Fault};
use clap::Parser;
use std::time::Duration;

/// Makes real faults on real hosts while queries and changes go on, and holds what the nodes promise.
///
/// Root only: the nodes run in network namespaces on a bridge. Without --minutes each fault comes
/// once, which takes about two minutes. Exit code 1: a promise was broken.
#[derive(Debug, Parser)]
#[command(name = "faults", max_term_width = 100)]
#[command(bin_name = "cargo test -p gslb-tests --test faults --")]
#[command(after_help = "\
Examples (each after `cargo test -p gslb-tests --test faults --`):
                           every fault once
  --minutes 10             all of them, again and again for ten minutes
  disk- slow-link          those whose names hold one of these
  --timers region          with the timers of a cluster within one region")]
pub(crate) struct Options {
    /// Only the faults whose names hold one of these [default: all].
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Go on for so long, 1 to 120; the list is begun again when it is through.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=120))]
    minutes: Option<u64>,
    /// Queries a second over all live nodes, 100 to 10,000.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=10_000))]
    pub(crate) rate: u64,
    /// The patience of the nodes with each other: region, continent or global.
    #[arg(long, default_value = "continent", value_parser = ["region", "continent", "global"])]
    timers: String,
    /// Names the faults, and makes none.
    #[arg(long)]
    pub(crate) list: bool,
    /// Passed by who runs all tests, as the two below.
    #[arg(long = "nocapture", hide = true)]
    _nocapture: bool,
    #[arg(long = "exact", hide = true)]
    _exact: bool,
    #[arg(long = "test-threads", hide = true)]
    _test_threads: Option<u64>,
}

impl Options {
    /// What is asked for, in its order.
    pub(crate) fn faults(&self) -> Vec<&'static Fault> {
        let wanted = |fault: &&Fault| {
            self.names.is_empty() || self.names.iter().any(|name| fault.name.contains(name))
        };
        ALL.iter().filter(wanted).collect()
    }

    /// How long the list is begun again.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.minutes.unwrap_or(0) * 60)
    }

    /// The timers, as `node.toml` calls them.
    pub(crate) fn timers(&self) -> &'static str {
        match self.timers.as_str() {
            "region" => "region",
            "global" => "global",
            _ => "continent",
        }
    }

    /// Within how long of a majority changes are to be accepted again.
    pub(crate) fn resume(&self) -> Duration {
        Duration::from_secs(match self.timers() {
            "region" => 3,
            "global" => 12,
            _ => 5,
        })
    }
}
