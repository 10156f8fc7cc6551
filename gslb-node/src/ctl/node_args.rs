//! What can be typed after `gslbctl node`.

use super::args::{Read, duration, host_port};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Add, invite, renew, list, move and remove nodes.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Make the identity of a new node.
    #[command(after_help = "\
The first node founds the cluster. For each later one the running cluster is asked for a number; it
takes the node in by itself once that runs: as learner first, then as voter. Up to three voters
that is as soon as it has caught up, later once it has been so for 10 s.

An observer has no part in Raft: it follows the feed of a member, or of an observer that follows a
member, and answers as they do. There may be hundreds; the nodes that vote stay few.

Examples:
  gslbctl node add fra-1 --raft 10.0.0.1:8054 --api 10.0.0.1:8053 --out fra-1
  gslbctl node add edge-7 --observer --feed 10.7.0.1:8054 --api 10.7.0.1:8053 --out edge-7")]
    Add(NodeAdd),
    /// Let a node join by itself, once: write the token for it.
    #[command(after_help = "\
The node makes its key itself, shows the token to any node of the cluster, and gets its number, its
certificate and the cluster key. The token lets in one node, is of use once (asked again with the
same key it gives the same answer), and ends by itself. The nodes sign with a key of their own; the
first invite gives it to them, for which the cluster's folder with ca.key must be there.

Examples:
  gslbctl node invite fra-2 --raft 10.0.0.2:8054 --api 10.0.0.2:8053 --out fra-2.token
  gslb-node --join 10.0.0.1:8053 --token-file fra-2.token --dir fra-2    on the machine of fra-2")]
    Invite(InviteArgs),
    /// List the invites.
    #[command(after_help = "Examples:\n  gslbctl node invites")]
    Invites,
    /// Take back an invite that was not used.
    #[command(after_help = "Examples:\n  gslbctl node uninvite fra-2")]
    Uninvite {
        /// The name of the node.
        node: String,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Make a new certificate for a node.
    #[command(after_help = "\
Signed by the authority in the cluster's folder. Put node.key, node.pem and ca.pem into the node's
identity folder, in this order: the node takes them within seconds, without a restart and without
ending a connection, once they fit each other (SIGHUP: at once). Until then it uses the old ones;
gslbctl status says if it refuses the new ones, and why.

Examples:
  gslbctl node renew fra-1 --out fra-1-new")]
    Renew {
        /// Its name or number.
        node: String,
        /// The folder for the new files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The cluster's folder, with the key of its authority [default: that of the context].
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// List the nodes.
    #[command(
        after_help = "Examples:\n  gslbctl node list\n  gslbctl node list --json | jq '.nodes[].name'"
    )]
    List(Read),
    /// Let a learner vote, once it has caught up and is stable.
    #[command(after_help = "\
Every node votes by itself, up to seven; this takes back `demote`.

Examples:
  gslbctl node promote fra-1")]
    Promote(Seat),
    /// Take a node's vote: it follows, answers, and stands by.
    #[command(after_help = "\
Refused if the voters that are left would be no majority that is heard. A learner that stands by
takes the vote of a dead voter if autopilot is on.

Examples:
  gslbctl node demote fra-1 --reason \"CHG-1234\"")]
    Demote(Seat),
    /// Have a node take the place of another, which is then removed.
    #[command(after_help = "\
The new node is added first (gslbctl node add). Once it has caught up and is stable, the vote passes
from the old to the new in one change, so that there are never fewer voters; then the old one is
removed for good.

Examples:
  gslbctl node replace fra-1 --by fra-2 --reason \"new hardware\"")]
    Replace {
        /// The node that goes, by name or number.
        node: String,
        /// The node that takes its place, by name or number.
        #[arg(long, value_name = "NODE")]
        by: String,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Have a node lead no more, and say that it is not ready.
    #[command(after_help = "\
A drained node hands over the lead and does not take it again; its /readyz answers 503, so that load
balancers and health checks in front of it send queries elsewhere. It goes on voting and probing,
and answers every query that still comes. It stays so until --clear.

Examples:
  gslbctl node drain fra-1 --reason \"kernel update\"
  gslbctl node drain fra-1 --clear")]
    Drain {
        /// Its name or number.
        node: String,
        /// End it.
        #[arg(long)]
        clear: bool,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Switch on or off that a learner stands in for a dead voter.
    #[command(after_help = "\
On at first. It needs a learner that stands by (gslbctl node demote), caught up and stable, and a
majority of the other voters; it acts at most once in ten minutes, and the dead node stands by in
its turn when it is back.

Examples:
  gslbctl node autopilot off --reason \"maintenance of the network\"
  gslbctl node autopilot on --dead-after 5m")]
    Autopilot {
        /// Whether it acts.
        to: OnOrOff,
        /// How long a voter must be silent before it is taken for dead [default: as it was; 5m].
        #[arg(long, value_name = "TIME", value_parser = duration)]
        dead_after: Option<String>,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Remove a node for good: its number is never given again.
    #[command(after_help = "\
Refused if the voters that are left would be no majority that is heard.

Examples:
  gslbctl node remove fra-1
  gslbctl node remove 3")]
    Remove {
        /// Its name or number.
        node: String,
    },
}

/// Make the identity of a new node.
#[derive(Debug, Args)]
pub struct NodeAdd {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Where the other nodes will reach it; of an observer, where others may follow it.
    #[arg(long, visible_alias = "feed", value_name = "HOST:PORT", value_parser = host_port)]
    pub raft: String,
    /// Where operators will reach its API.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    pub api: String,
    /// It is an observer: it follows the others and has no part in Raft.
    #[arg(long)]
    pub observer: bool,
    /// The folder to make for it.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The cluster's folder, with the key of its authority [default: that of the context].
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Let a node join by itself.
#[derive(Debug, Args)]
pub struct InviteArgs {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Where the other nodes will reach it.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    pub raft: String,
    /// Where operators will reach its API.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    pub api: String,
    /// For how long; at most 7d.
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub lasts: String,
    /// The file to write the token to.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The cluster's folder, with the key of its authority [default: that of the context].
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// A node, and why.
#[derive(Debug, Args)]
pub struct Seat {
    /// Its name or number.
    pub node: String,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// Whether something is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnOrOff {
    /// It acts.
    On,
    /// It does not.
    Off,
}
