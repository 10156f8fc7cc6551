//! What can be said on the command line.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gslb-node demo                           three nodes on this machine, to try things out
  gslb-node check --config node.toml       what would keep the node from starting
  gslb-node --config node.toml             run a node; SIGTERM or Ctrl-C ends it
  gslb-node --join 192.0.2.53:8053 --token-file fra-2.token --dir fra-2
                                           join a cluster, once, and run; the same again just runs
  gslb-node data verify --config node.toml what of its data folder is damaged, if anything
  gslb-node ctl status                     the same as gslbctl status
  gslb-node completions bash > /etc/bash_completion.d/gslb-node

The log goes to standard error; GSLB_LOG=debug, or GSLB_LOG=info,gslb_node::probe=debug, shows more.
Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 storage.";

/// A node of a global DNS traffic manager.
#[derive(Debug, Parser)]
#[command(name = "gslb-node", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(arg_required_else_help = true)]
pub(super) struct Cli {
    /// Run the node that this file describes
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Join a cluster first, unless that is done: ask the node whose API is at this address
    #[arg(long, value_name = "HOST:PORT", requires = "token_file")]
    pub(super) join: Option<String>,
    /// The token to join by, as `gslbctl node invite` made it
    #[arg(long, value_name = "FILE", requires = "join")]
    pub(super) token_file: Option<PathBuf>,
    /// The folder for all files of a node that joins, if it has no node.toml yet
    #[arg(long, value_name = "DIR", requires = "join", conflicts_with = "config")]
    pub(super) dir: Option<PathBuf>,
    /// End when standard input ends, as when the program that started the node is gone
    #[arg(long, hide = true)]
    pub(super) end_with_stdin: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Hold a node's file against this machine, and name every fault with its line and path
    Check {
        /// The node's file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Look at a node's data folder
    #[command(subcommand)]
    Data(Data),
    /// Three nodes with probed endpoints in three regions, on loopback, in a temporary folder
    Demo(Demo),
    /// Be gslbctl: the rest is given to it
    #[command(disable_help_flag = true)]
    Ctl {
        /// What gslbctl is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<OsString>,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, as roff
    Man,
}

/// Looks at a node's data folder.
#[derive(Debug, Subcommand)]
pub(super) enum Data {
    /// Check every file of a data folder, and change nothing in it
    ///
    /// The log is checked on a copy in memory; while a node runs it is left alone, for it moves.
    /// Exit codes: 0 whole, 1 not all could be looked at, 3 damaged.
    Verify {
        /// The node's file, which names the folder
        #[arg(long, value_name = "FILE", conflicts_with = "folder")]
        config: Option<PathBuf>,
        /// The data folder
        #[arg(value_name = "DIR", required_unless_present = "config")]
        folder: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Demo {
    /// Keep the folder at the end
    #[arg(long)]
    pub(super) keep: bool,
    #[command(subcommand)]
    pub(super) switch: Option<Switch>,
}

/// Switches of a demo that runs.
#[derive(Debug, Subcommand)]
pub(super) enum Switch {
    /// Stop the endpoints of a region, and wait until no node gives them out
    Kill(Target),
    /// Start the endpoints of a region again, and wait until all nodes give them out
    Revive(Target),
}

#[derive(Debug, Args)]
pub(super) struct Target {
    /// eu, na or as
    pub(super) region: String,
    /// Where the demo listens, as its card says
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = crate::demo::SWITCH)]
    pub(super) at: SocketAddr,
}
