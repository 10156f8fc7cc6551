//! What can be typed about users, tokens and the audit trail.

use super::args::duration;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Say who may do what.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Give a new user a role, and with --out a certificate.
    #[command(after_help = "\
A viewer reads, an operator changes what is declared, weights and overrides, an admin changes nodes,
users and tokens too. An operator may be limited to zones, regions or both: it then changes only
what touches these. With --out the user's folder is made, by the key of the cluster's authority.

Examples:
  gslbctl user add ann --role admin --out ann
  gslbctl user add bo --role operator --region fra --out bo
  gslbctl user add cy --role operator --zone shop.example --reason \"CHG-7\"")]
    Add(UserAdd),
    /// Change the role of a user.
    #[command(after_help = "\
Examples:
  gslbctl user set bo --role operator --region fra --region iad
  gslbctl user set bo --role viewer --expect 42     only if nobody changed bo since, as `list` says")]
    Set(UserSet),
    /// List the users whose role the cluster knows.
    #[command(after_help = "\
Admins whose certificate alone gives them all rights (cluster init, cluster add-admin) are listed
once a role was set or taken.

Examples:
  gslbctl user list
  gslbctl user list --json | jq '.users[].name'")]
    List,
    /// Take all rights from a user, whatever its certificate says.
    #[command(after_help = "\
Examples:
  gslbctl user remove bo --reason \"left the team\"")]
    Remove {
        /// Its name.
        name: String,
        /// Only if the user last changed there, as `list` shows it.
        #[arg(long, value_name = "INDEX")]
        expect: Option<u64>,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

/// A role, and what it is limited to.
#[derive(Debug, Args)]
#[group(skip)]
pub struct GrantArgs {
    /// What it may do.
    #[arg(long, value_parser = ["viewer", "operator", "admin"])]
    pub role: String,
    /// An operator of this zone; may be given more than once.
    #[arg(long, value_name = "ZONE")]
    pub zone: Vec<String>,
    /// An operator of this region; may be given more than once.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// Give a new user a role.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// The name: lower-case letters, digits and hyphens.
    pub name: String,
    /// The role.
    #[command(flatten)]
    pub grant: GrantArgs,
    /// The folder to make for it: certificate, key and context.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The cluster's folder, with the key of its authority [default: that of the context].
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Change the role of a user.
#[derive(Debug, Args)]
pub struct UserSet {
    /// The name.
    pub name: String,
    /// The role.
    #[command(flatten)]
    pub grant: GrantArgs,
    /// Only if the user last changed there, as `list` shows it.
    #[arg(long, value_name = "INDEX")]
    pub expect: Option<u64>,
}

/// Give machines bearer tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is shown once, or put into a folder with a context.
    #[command(after_help = "\
The token is 256 random bits, made here; the cluster is told its SHA-256 only, so that nobody can
show it again. Whoever has it is let in: keep it like a key.

Examples:
  gslbctl token add ci --role operator --zone shop.example --for 90d --out ci
  gslbctl --context ci/ctl.toml whoami
  gslbctl token add graphs --role viewer            prints it
  curl --cacert prod/ca.pem -H \"authorization: Bearer $TOKEN\" https://10.0.0.1:8053/v1/status")]
    Add(TokenAdd),
    /// List the tokens, without what only their holders know.
    #[command(after_help = "\
Examples:
  gslbctl token list
  gslbctl token list --json | jq '.tokens[] | select(.expires_ms == null)'")]
    List,
    /// Remove a token: whoever shows it is refused from now on.
    #[command(after_help = "Examples:\n  gslbctl token remove ci --reason \"leaked, INC-9\"")]
    Remove {
        /// Its name.
        name: String,
        /// Why, for the audit trail.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

/// Make a token.
#[derive(Debug, Args)]
pub struct TokenAdd {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// What its holder may do.
    #[command(flatten)]
    pub grant: GrantArgs,
    /// For how long, as 12h or 90d [default: until it is removed].
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub lasts: Option<String>,
    /// The folder to make for it: the token, ca.pem and a context.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Show who changed what.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    /// Only changes of the time since, as 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub since: Option<String>,
    /// At most so many of the newest; at most 10000.
    #[arg(long, alias = "last", value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// What else.
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
}

/// Check the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute every record and link on every node, and compare files and state.
    #[command(after_help = "\
Every node of the context checks its own files, link by link, and against what the nodes agree on.
The first record that does not hold is named. Exit code 1 if there is one, or if a node was not
reached.

Examples:
  gslbctl audit verify
  gslbctl audit verify --json | jq '.[] | select(.broken != null)'")]
    Verify,
}
