//! `gslb-node data verify`.

use gslb_consensus::raft::{DataReport, Verdict, verify_data};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config;

/// A file could not be looked at.
const FAILED: u8 = 1;
/// The node's file is wrong.
const CONFIGURATION: u8 = 2;
/// A file is damaged.
const STORAGE: u8 = 3;

/// Checks a data folder and prints what was found; exit code 0 if all of it is whole.
pub(super) fn verify(file: Option<&Path>, folder: Option<PathBuf>, json: bool) -> ExitCode {
    let folder = match (file, folder) {
        (Some(file), _) => match config::load(file) {
            Ok(config) => config.data,
            Err(faults) => return fail(&faults.to_string(), CONFIGURATION),
        },
        (None, Some(folder)) => folder,
        (None, None) => return fail("give --config FILE or the data folder", CONFIGURATION),
    };
    let report = match verify_data(&folder) {
        Ok(report) => report,
        Err(error) => return fail(&format!("{}: {error}", folder.display()), FAILED),
    };
    let text = if json {
        serde_json::to_string_pretty(&report).map_or_else(|error| error.to_string(), |t| t + "\n")
    } else {
        told(&report)
    };
    let _ = write!(io::stdout(), "{text}");
    exit_code(&report).into()
}

fn exit_code(report: &DataReport) -> u8 {
    match () {
        () if report.has(Verdict::Damaged) => STORAGE,
        () if report.has(Verdict::Unchecked) => FAILED,
        () => 0,
    }
}

/// A line for each file, then what to do.
fn told(report: &DataReport) -> String {
    let mut text = String::new();
    for file in &report.files {
        let word = match file.verdict {
            Verdict::Good => "ok",
            Verdict::Damaged => "DAMAGED",
            Verdict::Foreign => "foreign",
            Verdict::Unchecked => "unchecked",
        };
        let _ = writeln!(text, "{word:<10} {}: {}", file.file, file.says);
    }
    let folder = report.folder.display();
    let _ = match exit_code(report) {
        0 => writeln!(text, "{folder}: whole"),
        STORAGE => writeln!(
            text,
            "{folder}: damaged. A node does not vote with it: add the node anew under another \
             number, or, if no majority is left, see gslbctl snapshot restore --help"
        ),
        _ => writeln!(text, "{folder}: not all of it was looked at"),
    };
    text
}

fn fail(why: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "gslb-node: {why}");
    code.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::raft::FileReport;

    #[test]
    fn damage_counts_for_more_than_what_was_not_looked_at() {
        let report = |verdicts: &[Verdict]| DataReport {
            folder: PathBuf::from("d"),
            files: verdicts
                .iter()
                .map(|verdict| FileReport {
                    file: "f".to_owned(),
                    verdict: *verdict,
                    says: "s".to_owned(),
                })
                .collect(),
        };
        use Verdict::{Damaged, Foreign, Good, Unchecked};
        for (verdicts, code) in
            [(&[Good, Foreign][..], 0), (&[Good, Unchecked], 1), (&[Damaged, Unchecked], 3)]
        {
            assert_eq!(exit_code(&report(verdicts)), code, "{verdicts:?}");
        }
        let text = told(&report(&[Good, Damaged]));
        assert!(text.starts_with("ok         f: s\nDAMAGED    f: s\nd: damaged."), "{text}");
    }
}
