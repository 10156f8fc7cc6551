//! Completions and manual pages.

use super::args::Cli;
use super::error::CtlError;
use super::output::Output;
use clap::CommandFactory;
use std::io::Write;
use std::path::Path;

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), CtlError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gslbctl", &mut script);
    // A reader that has gone away, such as `head`, is no fault.
    let _ = std::io::stdout().lock().write_all(&script);
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
