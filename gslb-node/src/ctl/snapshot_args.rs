//! What can be typed after `gslbctl snapshot`.

use super::args::Read;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Save the agreed state, look at what was saved, or begin again from it.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Save the agreed state of a node to a file.
    #[command(after_help = "\
Any node will do, with a leader or without. The file holds zones, policies, weights, overrides,
health and the audit trail; no key, certificate or token is in it in clear. It is checked as it
arrives and written whole or not at all.

Examples:
  gslbctl snapshot save prod.gslb
  gslbctl snapshot save prod.gslb --consistency linearizable")]
    Save {
        /// The file.
        file: PathBuf,
        /// Which state to read.
        #[command(flatten)]
        read: Read,
    },
    /// Check a saved file and tell what it holds.
    #[command(after_help = "\
Nobody is asked: the file alone is read, and its hash checked.

Examples:
  gslbctl snapshot inspect prod.gslb
  gslbctl snapshot inspect prod.gslb --json | jq -r .revision")]
    Inspect {
        /// The file.
        file: PathBuf,
    },
    /// Put a saved file into the data folder of a node that does not run, on its machine.
    #[command(after_help = "\
The node goes on from the file alone, as the only voter, in a higher history: every revision is
above all that were before. What its data folder held is moved aside, not deleted.

A new cluster: make it (cluster init, node add) and restore at its founder before that starts.

An old cluster that lost the majority of its voters for good:
  1. Save the newest state, if a node still runs: gslbctl snapshot save
  2. End every node that is left. None that is lost may ever come back with its old data.
  3. Restore at one node. You are asked to type the cluster's name, for what was agreed since the
     file was saved is given up.
  4. Start it; empty the data folders of all others and add each anew with gslbctl node add.
DNS of the node pauses from its end to its start; the other nodes may answer on until step 4.

Examples:
  gslbctl snapshot restore prod.gslb --config fra-1/node.toml
  gslbctl snapshot restore prod.gslb --config fra-1/node.toml --confirm prod")]
    Restore(SnapshotRestore),
}

/// Put a saved file into a data folder.
#[derive(Debug, Args)]
pub struct SnapshotRestore {
    /// The file.
    pub file: PathBuf,
    /// The node's file; it names the data folder and the identity.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The name of the cluster that is given up, instead of typing it when asked.
    #[arg(long, value_name = "CLUSTER")]
    pub confirm: Option<String>,
    /// Start above this history too, if a restore at another node made it.
    #[arg(long, value_name = "HISTORY", default_value_t = 0)]
    pub above: u32,
}
