//! Completions and manual pages.

use super::args::Cli;
use super::error::CtlError;
use super::output::Output;
use clap::CommandFactory;
use std::path::Path;

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), CtlError> {
    clap_complete::generate(shell, &mut Cli::command(), "gslbctl", &mut std::io::stdout());
    Ok(())
}

/// Writes a manual page for each command.
pub(super) fn man(dir: &Path, output: Output) -> Result<(), CtlError> {
    let made =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    let shown = dir.display();
    made.map_err(|error| CtlError::File(format!("{shown}: the pages cannot be written: {error}")))?;
    output.show(&serde_json::json!({ "dir": dir }), |o| {
        o.line(&format!("the manual pages are in {shown}: man {shown}/gslbctl.1"));
    })
}
