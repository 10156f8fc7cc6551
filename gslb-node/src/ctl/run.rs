//! One run of `gslbctl`.

use super::access_args::{AuditArgs, AuditCommand};
use super::args::{Cli, Command, ZoneCommand};
use super::client::Client;
use super::cluster_args::ClusterCommand;
use super::context::Context;
use super::error::CtlError;
use super::node_args::NodeCommand;
use super::output::Output;
use super::{
    access, apply, change, cluster, delegation, invite, node, renewal, seat, shell, show, snapshot,
};
use clap::Parser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs `gslbctl` with these arguments, the program's name first. Must not be called from within a runtime.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&args, &error),
    };
    let output = Output::new(cli.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(execute(cli, output)),
        Err(error) => Err(CtlError::File(format!("the system gave no event loop: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints help, the version, or what is wrong with what was typed.
fn refuse(args: &[OsString], error: &clap::Error) -> ExitCode {
    if error.use_stderr() && args.iter().any(|arg| arg == "--json") {
        let usage = CtlError::Usage(error.to_string().trim_end().to_owned());
        Output::new(true).error(&usage);
        return ExitCode::from(usage.exit_code());
    }
    // A reader that has gone away is no fault.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

async fn execute(cli: Cli, output: Output) -> Result<(), CtlError> {
    let given = cli.context.as_deref();
    let context = || Context::load(&Context::find(given)?);
    let client = || Client::new(&context()?);
    match cli.command {
        Command::Cluster(ClusterCommand::Init { dir, name, admin, nodes }) => {
            cluster::init_and_tell(&dir, (&name, &admin), &nodes, output)
        }
        Command::Cluster(ClusterCommand::Issuer { dir, reason }) => {
            invite::issuer(&folder(dir, given)?, reason, output).await
        }
        Command::Cluster(ClusterCommand::AddAdmin { name, out, dir }) => {
            cluster::add_admin_and_tell(&folder(dir, given)?, &name, &out, output)
        }
        Command::Node(command) => execute_node(command, given, output).await,
        Command::Apply(args) => apply::apply(args, client, output).await,
        Command::Export(ask) => apply::export(&client()?, ask.params(), output).await,
        Command::SetWeight(args) => change::set_weight(&client()?, args, output).await,
        Command::Force(args) => change::force(&client()?, args, output).await,
        Command::Drain(args) => change::drain(&client()?, args, output).await,
        Command::Clear(args) => change::clear(&client()?, args, output).await,
        Command::Overrides(ask) => show::overrides(&client()?, ask.params(), output).await,
        Command::Weights(ask) => show::weights(&client()?, ask.params(), output).await,
        Command::Status(ask) => show::status(&client()?, ask.params(), output).await,
        Command::Health(ask) => show::health(&client()?, ask.params(), output).await,
        Command::Explain(args) => show::explain(&client()?, args, output).await,
        Command::Zone(ZoneCommand::CheckDelegation(args)) => {
            delegation::check(&client()?, args, output).await
        }
        Command::User(command) => access::user(command, &context()?, output).await,
        Command::Token(command) => access::token(command, &context()?, output).await,
        Command::Whoami => access::whoami(&client()?, output).await,
        Command::Audit(AuditArgs { command: Some(AuditCommand::Verify), .. }) => {
            show::verify(&context()?, output).await
        }
        Command::Audit(args) => show::audit(&client()?, args, output).await,
        Command::Snapshot(command) => snapshot::snapshot(command, client, output).await,
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { dir } => shell::man(&dir, output),
    }
}

async fn execute_node(
    command: NodeCommand,
    given: Option<&Path>,
    output: Output,
) -> Result<(), CtlError> {
    let client = || Client::new(&Context::load(&Context::find(given)?)?);
    match command {
        NodeCommand::Add(args) => {
            let dir = folder(args.dir.clone(), given)?;
            node::add_and_tell(&dir, args, output).await
        }
        NodeCommand::Invite(args) => {
            let context = Context::load(&Context::find(given)?)?;
            let dir = folder(args.dir.clone(), given)?;
            invite::invite(&context, &dir, args, output).await
        }
        NodeCommand::Invites => invite::list(&client()?, output).await,
        NodeCommand::Uninvite { node, reason } => {
            invite::remove(&client()?, (&node, reason), output).await
        }
        NodeCommand::Renew { node, out, dir } => {
            renewal::renew(&client()?, &folder(dir, given)?, (&node, &out), output).await
        }
        NodeCommand::List(ask) => node::list(&client()?, ask.params(), output).await,
        NodeCommand::Promote(of) => {
            seat::set_standby(&client()?, (&of.node, of.reason), false, output).await
        }
        NodeCommand::Demote(of) => {
            seat::set_standby(&client()?, (&of.node, of.reason), true, output).await
        }
        NodeCommand::Replace { node, by, reason } => {
            seat::replace(&client()?, (&node, by), reason, output).await
        }
        NodeCommand::Drain { node, clear, reason } => {
            seat::drain(&client()?, (&node, clear), reason, output).await
        }
        NodeCommand::Autopilot { to, dead_after, reason } => {
            seat::autopilot(&client()?, to, (dead_after, reason), output).await
        }
        NodeCommand::Remove { node } => node::remove(&client()?, &node, output).await,
    }
}

/// The cluster's folder: the one given, else that of the context file.
fn folder(dir: Option<PathBuf>, context: Option<&Path>) -> Result<PathBuf, CtlError> {
    if let Some(dir) = dir {
        return Ok(dir);
    }
    let context = Context::find(context)?;
    Ok(context.parent().map_or_else(PathBuf::new, Path::to_path_buf))
}
