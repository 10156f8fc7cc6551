//! What can be typed to change what is declared, weights and overrides.

use super::args::duration;
use clap::Args;
use std::path::PathBuf;

/// Send a traffic file.
#[derive(Debug, Args)]
pub struct Apply {
    /// The file; `-` reads standard input.
    #[arg(short, long)]
    pub file: PathBuf,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Only if the configuration last changed at this revision, as `status` shows it.
    #[arg(long, value_name = "REV")]
    pub expect: Option<String>,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: Wait,
}

/// Only if nothing changed since.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Expect {
    /// Only if it was set at this revision, as `weights` and `overrides --json` show it under `changed`; `none`: only
    /// if nothing is set.
    #[arg(long, value_name = "REV")]
    pub expect: Option<String>,
}

/// Set the weight of a region at run time.
#[derive(Debug, Args)]
pub struct SetWeight {
    /// The region.
    pub region: String,
    /// The weight, 0 to 1000.
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1000), allow_negative_numbers = true)]
    #[arg(required_unless_present = "clear", conflicts_with = "clear")]
    pub weight: Option<u16>,
    /// Have what the file declares count again.
    #[arg(long)]
    pub clear: bool,
    /// For this pool only.
    #[arg(long)]
    pub pool: Option<String>,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Compare first.
    #[command(flatten)]
    pub expect: Expect,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: Wait,
}

/// Say that a region or endpoint is up or down.
#[derive(Debug, Args)]
pub struct Force {
    /// A region or an endpoint.
    pub target: String,
    /// What it counts as.
    pub to: UpOrDown,
    /// For how long, and why.
    #[command(flatten)]
    pub over: Over,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: Wait,
}

/// What something counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum UpOrDown {
    /// It is given out.
    Up,
    /// It is not.
    Down,
}

/// Give a region or endpoint to nobody new.
#[derive(Debug, Args)]
pub struct Drain {
    /// A region or an endpoint.
    pub target: String,
    /// For how long, and why.
    #[command(flatten)]
    pub over: Over,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: Wait,
}

/// For how long, and why.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Over {
    /// For how long, as 30m or 2h; at most 72h.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    #[arg(required_unless_present = "permanent", conflicts_with = "permanent")]
    pub lasts: Option<String>,
    /// Until it is cleared.
    #[arg(long)]
    pub permanent: bool,
    /// Why: whoever is paged at night reads it.
    #[arg(long)]
    pub reason: String,
    /// Compare first.
    #[command(flatten)]
    pub expect: Expect,
}

/// End what `force` or `drain` said.
#[derive(Debug, Args)]
pub struct Clear {
    /// A region or an endpoint.
    pub target: String,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Compare first.
    #[command(flatten)]
    pub expect: Expect,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: Wait,
}

/// Whether to wait until the nodes serve a change.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Wait {
    /// Return when all nodes heard from within 5 s serve the change.
    #[arg(long)]
    pub wait: bool,
    /// Give up waiting after so long, with exit code 1.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub timeout: String,
}
