//! What can be typed, and the help that teaches it.

use super::access_args::{AuditArgs, TokenCommand, UserCommand};
use super::change_args::{Apply, Clear, Drain, Force, SetWeight};
use super::cluster_args::ClusterCommand;
use super::node_args::NodeCommand;
use super::snapshot_args::SnapshotCommand;
use crate::control::shape::{Consistency, ReadParams};
use clap::{Args, Parser, Subcommand};
use gslb_consensus::model::document::units::parse_ms;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Steers the traffic of a cluster of gslb nodes.
#[derive(Debug, Parser)]
#[command(name = "gslbctl", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  gslbctl cluster init --dir prod --name prod      make a cluster: CA, your certificate, ctl.toml
  gslbctl --context prod/ctl.toml status           what is happening now
  gslbctl apply -f traffic.toml --dry-run          what would change
  gslbctl set-weight fra 20 --wait                 less traffic to fra, on all nodes
  gslbctl drain fra --for 2h --reason \"CHG-1234\"   none, for two hours
  gslbctl explain www.example.com --client 203.0.113.7

Exit codes: 0 done, 1 failed, 2 wrong usage, context or traffic file.")]
pub struct Cli {
    /// Which cluster to talk to, and by which certificate [default: ~/.config/gslb/ctl.toml].
    #[arg(long, global = true, env = "GSLBCTL_CONTEXT", value_name = "FILE")]
    pub context: Option<PathBuf>,
    /// Print JSON, errors too.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a cluster.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Add, invite, renew, list, move and remove nodes.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Send a traffic file: all of it, or nothing if anything is wrong.
    #[command(after_help = "\
The file and the zone files it names are read and checked here; every fault is named with its file,
line and path. What is sent replaces the whole configuration in one step.

Examples:
  gslbctl apply -f traffic.toml --dry-run
  gslbctl apply -f traffic.toml --wait
  gslbctl apply -f traffic.toml --expect 0.42      only if nobody changed it since revision 0.42")]
    Apply(Apply),
    /// Print the configuration in its canonical form.
    #[command(after_help = "\
Applying the export changes nothing. Weights set at run time stand above it as comments.

Examples:
  gslbctl export > traffic.toml
  gslbctl export --consistency linearizable        nothing accepted is missing")]
    Export(Read),
    /// Set the weight of a region at run time.
    #[command(after_help = "\
The weight counts for all names, or for one pool's with --pool. It stands until it is cleared or the
file declares another one. Weight 0: only if nothing else is left.

Examples:
  gslbctl set-weight fra 20 --wait
  gslbctl set-weight fra 0 --pool web --reason \"web release\"
  gslbctl set-weight fra --clear                   what the file declares counts again
  gslbctl set-weight fra 20 --expect 1.42          only if nobody changed it since")]
    SetWeight(SetWeight),
    /// Say that a region or endpoint is up or down, whatever probes say.
    #[command(after_help = "\
Examples:
  gslbctl force fra down --for 30m --reason \"power work\" --wait
  gslbctl force web-fra-1 up --permanent --reason \"probe blocked by firewall, INC-77\"
  gslbctl clear fra")]
    Force(Force),
    /// Give a region or endpoint to nobody new, without calling it sick.
    #[command(after_help = "\
Examples:
  gslbctl drain fra --for 2h --reason \"CHG-1234\" --wait
  gslbctl drain web-fra-1 --for 30m --reason \"kernel update\"
  gslbctl clear web-fra-1")]
    Drain(Drain),
    /// End what `force` or `drain` said.
    #[command(
        after_help = "Examples:\n  gslbctl clear fra --wait\n  gslbctl clear web-fra-1 --reason \"done\""
    )]
    Clear(Clear),
    /// List what operators say over health, and until when.
    #[command(
        after_help = "Examples:\n  gslbctl overrides\n  gslbctl overrides --json | jq '.[].target'"
    )]
    Overrides(Read),
    /// List the weights that are set at run time, and where each was set.
    #[command(
        after_help = "Examples:\n  gslbctl weights\n  gslbctl weights --json | jq '.weights[] | .region, .changed'"
    )]
    Weights(Read),
    /// Show the nodes, the regions and what needs a look.
    #[command(after_help = "\
Every node is asked; one that was not heard for 5 s is shown as such. ANSWERS and SHARE count
answers of the last minute, not clients: resolvers keep an answer for its TTL.

Examples:
  gslbctl status
  gslbctl status --json | jq '.warnings'
  gslbctl status --consistency linearizable        fails without a quorum")]
    Status(Read),
    /// Show every endpoint as each node sees it.
    #[command(
        after_help = "Examples:\n  gslbctl health\n  gslbctl health --json | jq '.endpoints[] | select(.state != \"up\")'"
    )]
    Health(Read),
    /// Tell why a client gets the answer that it gets.
    #[command(after_help = "\
Tells the client's place, what each filter kept and why, and the shares that are left.

Examples:
  gslbctl explain www.example.com --client 203.0.113.7
  gslbctl explain www.example.com --client 2001:db8::1 --type AAAA")]
    Explain(Explain),
    /// Check how a zone is delegated to the nodes.
    #[command(subcommand)]
    Zone(ZoneCommand),
    /// Say who may do what: viewers, operators and admins.
    #[command(subcommand)]
    User(UserCommand),
    /// Give machines bearer tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Tell who you are to the cluster, and what you may do.
    #[command(after_help = "Examples:\n  gslbctl whoami\n  gslbctl --context ci/ctl.toml whoami")]
    Whoami,
    /// Show who changed what, from where and why; `audit verify` checks that nothing was altered.
    #[command(after_help = "\
Every accepted change of an operator or of the nodes, and every end by time, is a record that
holds the hash of the one before. The newest 1,000 are agreed state; every node has all of them in
files of its data folder. What probes report is no change of an operator: see gslbctl health.

Examples:
  gslbctl audit
  gslbctl audit --since 7d --limit 200 --json
  gslbctl audit verify")]
    Audit(AuditArgs),
    /// Save the agreed state, look at what was saved, or begin again from it.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  gslbctl completions bash > /etc/bash_completion.d/gslbctl
  gslbctl completions zsh > ~/.zfunc/_gslbctl")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    #[command(after_help = "Examples:\n  gslbctl man /usr/local/share/man/man1")]
    Man {
        /// The folder.
        dir: PathBuf,
    },
}

/// How current what is read must be.
#[derive(Clone, Copy, Debug, Args)]
pub struct Read {
    /// What the asked node has, at once and always; or with all that was accepted before, which fails
    /// without a quorum.
    #[arg(long, value_enum, default_value = "local")]
    pub consistency: Consistency,
}

impl Read {
    /// As the API takes it.
    pub fn params(self) -> ReadParams {
        ReadParams { consistency: self.consistency }
    }
}

/// Tell why a client gets the answer that it gets.
#[derive(Debug, Args)]
pub struct Explain {
    /// The name that is asked for.
    pub name: String,
    /// The client's address, or the prefix that a resolver sends.
    #[arg(long, value_name = "IP")]
    pub client: String,
    /// The type that is asked for [default: A or AAAA, as the client's address].
    #[arg(long = "type", value_name = "TYPE")]
    pub rtype: Option<String>,
}

/// Check how a zone is delegated.
#[derive(Debug, Subcommand)]
pub enum ZoneCommand {
    /// Compare the parent's NS, glue and DS with the zone and with what the nodes answer.
    #[command(after_help = "\
Asks the servers of the parent zone, found through the system's resolver, or those given by
--parent. Each finding is ok, a warning or a fault, with what to do. Exit code 1 if there is a
fault.

Examples:
  gslbctl zone check-delegation gslb.example.com
  gslbctl zone check-delegation gslb.example.com --parent 192.0.2.53")]
    CheckDelegation(CheckDelegation),
}

/// Compare a delegation with the zone.
#[derive(Debug, Args)]
pub struct CheckDelegation {
    /// The zone.
    pub zone: String,
    /// A server of the parent zone, ADDRESS or ADDRESS:PORT; may be given more than once.
    #[arg(long, value_name = "ADDRESS", value_parser = server_address)]
    pub parent: Vec<SocketAddr>,
    /// The port that the name servers of the zone are asked on.
    #[arg(long, default_value_t = 53)]
    pub port: u16,
}

pub(super) fn host_port(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("expected HOST:PORT that the others can reach, as 10.0.0.1:8054".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn duration(text: &str) -> Result<String, String> {
    match parse_ms(text) {
        Some(ms) if ms > 0 => Ok(text.to_owned()),
        _ => Err("expected a duration, as 90s, 30m or 2h".to_owned()),
    }
}

fn server_address(text: &str) -> Result<SocketAddr, String> {
    text.parse::<SocketAddr>().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 53))).map_err(
        |_| "expected ADDRESS or ADDRESS:PORT, as 192.0.2.53 or [2001:db8::53]:53".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, String> {
        Cli::try_parse_from(line.split(' ')).map_err(|e| e.to_string())
    }

    #[test]
    fn the_command_tree_is_sound_and_every_command_has_examples() {
        Cli::command().debug_assert();
        let mut open = vec![Cli::command()];
        while let Some(command) = open.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_group = command.has_subcommands() && command.get_name() != "gslbctl";
            assert!(is_group || help.contains("gslbctl "), "{} has no example", command.get_name());
            let wide = help.lines().find(|line| line.len() > 100);
            assert_eq!(wide, None, "help of {} is broken at 100 columns", command.get_name());
            open.extend(command.get_subcommands().filter(|c| c.get_name() != "help").cloned());
        }
    }

    #[test]
    fn an_override_has_either_an_end_or_says_that_it_has_none() {
        assert!(parse("gslbctl drain fra --for 2h --reason x").is_ok());
        assert!(parse("gslbctl force fra up --permanent --reason x").is_ok());
        for (line, why) in [
            ("gslbctl drain fra --reason x", "--for <TIME>"),
            ("gslbctl drain fra --for 2h --permanent --reason x", "cannot be used with"),
            ("gslbctl drain fra --for 2h", "--reason <REASON>"),
            ("gslbctl drain fra --for 2 --reason x", "expected a duration"),
            ("gslbctl force fra sideways --for 2h --reason x", "possible values: up, down"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }

    #[test]
    fn a_weight_is_given_or_cleared_and_within_bounds() {
        for line in ["set-weight fra 0", "set-weight fra 1000", "set-weight fra --clear --pool web"]
        {
            assert!(parse(&format!("gslbctl {line}")).is_ok(), "{line}");
        }
        for line in ["set-weight fra", "set-weight fra 5 --clear", "set-weight fra 1001"] {
            assert!(parse(&format!("gslbctl {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn flags_of_the_whole_stand_before_or_behind_the_command() {
        let cli = parse("gslbctl status --json --context a.toml").unwrap();
        assert!(cli.json && cli.context.unwrap().ends_with("a.toml"));
        let cli = parse("gslbctl zone check-delegation example.com --parent 192.0.2.1").unwrap();
        let Command::Zone(ZoneCommand::CheckDelegation(check)) = cli.command else { panic!() };
        assert_eq!(check.parent, ["192.0.2.1:53".parse().unwrap()]);
    }
}
