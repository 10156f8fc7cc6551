//! What can be typed after `gslbctl cluster`.

use clap::Subcommand;
use std::path::PathBuf;

/// Make a cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Make the folder of a new cluster: its certificate authority, your certificate, ctl.toml.
    #[command(after_help = "\
The folder holds the key of the cluster's authority (ca.key): keep it safe, and off the nodes.

Examples:
  gslbctl cluster init --dir prod --name prod --node fra-1=192.0.2.53 --node iad-1=198.51.100.53
  export GSLBCTL_CONTEXT=$PWD/prod/ctl.toml
  gslbctl status                             once prod/fra-1 and prod/iad-1 run on their machines")]
    Init {
        /// The folder to make.
        #[arg(long)]
        dir: PathBuf,
        /// The cluster's name: lower-case letters, digits and hyphens.
        #[arg(long)]
        name: String,
        /// The first admin's name, as it stands in the audit trail.
        #[arg(long, default_value = "admin")]
        admin: String,
        /// A node of the beginning, in a folder of its name: the first founds the cluster, the others
        /// are taken in as they appear. Its API is at port 8053, the port for the others 8054.
        #[arg(long = "node", value_name = "NAME=HOST", value_parser = name_and_host)]
        nodes: Vec<(String, String)>,
    },
    /// Give the nodes a new key by which they sign certificates of nodes.
    #[command(after_help = "\
The authority (ca.key) signs it; it goes to the nodes sealed under cluster.key, and lies so in the
agreed state. With it they take in nodes that join by a token, and renew their certificates; it can
make no operators. It lasts two years. The first one is given with the first `node invite`.

Examples:
  gslbctl cluster issuer --dir prod")]
    Issuer {
        /// The cluster's folder, with the key of its authority [default: that of the context].
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Issue a certificate and context for another admin, without asking the cluster.
    #[command(after_help = "\
It has all rights unless `user set` or `user remove` says otherwise; `user add` gives fewer.

Examples:
  gslbctl --context prod/ctl.toml cluster add-admin ann --out ann")]
    AddAdmin {
        /// The admin's name: lower-case letters, digits and hyphens.
        name: String,
        /// The folder to make for that admin.
        #[arg(long)]
        out: PathBuf,
        /// The cluster's folder [default: that of the context].
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// A node of the beginning: its name, and the host where it will be reached.
fn name_and_host(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => {
            Ok((name.to_owned(), host.to_owned()))
        }
        _ => Err("expected NAME=HOST, as fra-1=192.0.2.53".to_owned()),
    }
}
