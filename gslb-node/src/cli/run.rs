//! Does what the command line says.

use clap::{CommandFactory, Parser};
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

use super::args::{Cli, Command, Data, Demo, Switch};
use super::data;
use crate::config::{self, check_world};
use crate::join::{self, Place};
use crate::node::{Center, keep_no_large_blocks};
use crate::{ctl, demo};

/// Failed.
const FAILED: u8 = 1;
/// Wrong usage or configuration.
const CONFIGURATION: u8 = 2;

/// Runs `gslb-node`, or `gslbctl` if it is called by that name.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let name = args.first().and_then(|name| Path::new(name).file_stem()).unwrap_or_default();
    if name == "gslbctl" {
        return ctl::run(args);
    }
    let cli = Cli::parse_from(args);
    if let (Some(address), Some(token)) = (&cli.join, &cli.token_file) {
        return join_and_run(address, token, (cli.config, cli.dir), cli.end_with_stdin);
    }
    match (cli.command, cli.config) {
        (None, None) => print(Cli::command().render_help(), CONFIGURATION),
        (None, Some(file)) => node(&file, cli.end_with_stdin),
        (Some(Command::Check { config }), _) => check(&config),
        (Some(Command::Data(Data::Verify { config, folder, json })), _) => {
            data::verify(config.as_deref(), folder, json)
        }
        (Some(Command::Demo(demo)), _) => run_demo(demo),
        (Some(Command::Ctl { args }), _) => {
            ctl::run(std::iter::once(OsString::from("gslbctl")).chain(args))
        }
        (Some(Command::Completions { shell }), _) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gslb-node", &mut text);
            print(String::from_utf8_lossy(&text), 0)
        }
        (Some(Command::Man), _) => {
            let mut text = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut text) {
                Ok(()) => print(String::from_utf8_lossy(&text), 0),
                Err(error) => fail(error, FAILED),
            }
        }
    }
}

/// Joins a cluster, unless that is done, and runs the node.
fn join_and_run(
    address: &str,
    token: &Path,
    place: (Option<PathBuf>, Option<PathBuf>),
    end_with_stdin: bool,
) -> ExitCode {
    let place = match place {
        (Some(file), _) => Place::File(file),
        (None, Some(folder)) => Place::Folder(folder),
        (None, None) => {
            let what = "where are its files to be? Give --dir DIR, or --config FILE";
            return fail(what, CONFIGURATION);
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error, FAILED),
    };
    let joined = runtime.block_on(join::join(address, token, &place));
    runtime.shutdown_background();
    match joined {
        Ok(file) => node(&file, end_with_stdin),
        Err(error) => fail(&error, error.exit_code()),
    }
}

/// Runs a node until it is told to end.
fn node(file: &Path, end_with_stdin: bool) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(faults) => return fail(faults, CONFIGURATION),
    };
    keep_no_large_blocks();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error, FAILED),
    };
    let ended = runtime.block_on(async {
        let center = Center::start(config).await?;
        center.run(end_with_stdin).await
    });
    // Threads that wait for standard input or a slow disk must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, error.exit_code()),
    }
}

/// Names every fault of a node's file.
fn check(file: &Path) -> ExitCode {
    let faults = match config::load(file) {
        Ok(config) => check_world(&config),
        Err(faults) => faults,
    };
    if faults.0.is_empty() {
        return print(format!("{}: ok\n", file.display()), 0);
    }
    let _ = writeln!(io::stderr(), "{faults}");
    CONFIGURATION.into()
}

fn run_demo(args: Demo) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(error, FAILED),
    };
    let done = runtime.block_on(async {
        match args.switch {
            None => demo::run(args.keep).await,
            Some(Switch::Kill(target)) => demo::switch(target.at, &target.region, false).await,
            Some(Switch::Revive(target)) => demo::switch(target.at, &target.region, true).await,
        }
    });
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error, FAILED),
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("gslb").enable_all().build()
}

/// Prints a text and gives an exit code; a reader that went away is no failure.
fn print(text: impl Display, code: u8) -> ExitCode {
    let _ = write!(io::stdout(), "{text}");
    code.into()
}

/// Says what is wrong and gives an exit code.
fn fail(error: impl Display, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "gslb-node: {error}");
    code.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_after_ctl_is_for_gslbctl() {
        let cli = Cli::parse_from(["gslb-node", "ctl", "--json", "status", "--help"]);
        let Some(Command::Ctl { args }) = cli.command else { panic!("{cli:?}") };
        assert_eq!(args, ["--json", "status", "--help"]);
    }
}
