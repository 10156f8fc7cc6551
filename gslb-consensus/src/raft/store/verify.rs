//! Looks at a data folder and changes nothing in it: what is checked, and the first damage.
//!
//! ```text
//!  LOCK ------ held by a node? then its log moves: not looked at
//!  data.toml - its checksum; whose the folder is
//!  log.redb -- a copy in memory: every page, every value; not older than data.toml; no hole
//!  snapshots - each whole; the newest holds what was purged from the log
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::database::{Contents, Database};
use super::folder::Card;
use crate::raft::snapshot::{SnapshotFile, check_owner, file_name};
use crate::raft::types::LogId;

/// What was found of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Whole.
    Good,
    /// Not as it was written, missing, or not of this folder: a node does not start with it.
    Damaged,
    /// Not one of a node's files: a node passes it over.
    Foreign,
    /// Not looked at.
    Unchecked,
}

/// What was found of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// Its path below the folder.
    pub file: String,
    /// In one word.
    pub verdict: Verdict,
    /// What was checked, or what is wrong.
    pub says: String,
}

/// What was found of a data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataReport {
    /// The folder.
    pub folder: PathBuf,
    /// Each file.
    pub files: Vec<FileReport>,
}

impl DataReport {
    /// Whether a file has this verdict.
    #[must_use]
    pub fn has(&self, verdict: Verdict) -> bool {
        self.files.iter().any(|file| file.verdict == verdict)
    }

    fn add(&mut self, file: &str, verdict: Verdict, says: impl Into<String>) {
        self.files.push(FileReport { file: file.to_owned(), verdict, says: says.into() });
    }
}

/// Checks every file of a data folder; while it does so no node can start there.
///
/// # Errors
/// The folder is not there or cannot be read.
pub fn verify_data(folder: &Path) -> io::Result<DataReport> {
    let mut report = DataReport { folder: folder.to_path_buf(), files: Vec::new() };
    let names = names(folder)?;
    // Held to the end, so that nothing moves while it is looked at.
    let lock = File::open(folder.join("LOCK")).ok();
    let is_used = lock
        .as_ref()
        .is_some_and(|lock| matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)));
    let card = check_card(folder, &names, &mut report);
    let log = check_log(folder, &names, is_used, card.as_ref(), &mut report);
    let newest = check_snapshots(folder, card.as_ref(), &mut report)?;
    if let Some(purged) = log.and_then(|log| log.purged)
        && newest < Some(purged)
    {
        let why =
            format!("no whole snapshot holds entries up to {}, which were purged", purged.index);
        report.add("snapshots", Verdict::Damaged, why);
    }
    let known = ["LOCK", "data.toml", "log.redb", "snapshots"];
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        report.add(name, Verdict::Foreign, told_of(name));
    }
    Ok(report)
}

/// What a file is that a node passes over.
fn told_of(name: &str) -> &'static str {
    if name.ends_with(".tmp") {
        "left over from a write that was cut short; it is of no use"
    } else if name.starts_with("before-") {
        "what was here before a restore; remove it when it is no longer needed"
    } else {
        "not a file of a node's"
    }
}

/// The names in a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<String> = names
        .map(|name| name.map(|name| name.to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()?;
    names.sort();
    Ok(names)
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|there| there == name)
}

/// Checks whose the folder is.
fn check_card(folder: &Path, names: &[String], report: &mut DataReport) -> Option<Card> {
    if !has(names, "data.toml") {
        let (verdict, says) = if has(names, "log.redb") {
            (Verdict::Damaged, "missing, although there is a log")
        } else {
            (Verdict::Unchecked, "missing: no node has worked here yet")
        };
        report.add("data.toml", verdict, says);
        return None;
    }
    let text = fs::read_to_string(folder.join("data.toml")).map_err(|error| error.to_string());
    match text.and_then(|text| Card::open(&text)) {
        Ok(card) => {
            let says = format!("of node {}, cluster {}", card.node_id, card.cluster_uuid);
            report.add("data.toml", Verdict::Good, says);
            Some(card)
        }
        Err(why) => {
            report.add("data.toml", Verdict::Damaged, why);
            None
        }
    }
}

/// Checks the log on a copy in memory.
fn check_log(
    folder: &Path,
    names: &[String],
    is_used: bool,
    card: Option<&Card>,
    report: &mut DataReport,
) -> Option<Contents> {
    if is_used {
        let says = "a node works with it, so that it moves: end the node first. \
                    It checked the whole log when it started";
        report.add("log.redb", Verdict::Unchecked, says);
        return None;
    }
    if !has(names, "log.redb") {
        if card.is_some() {
            report.add("log.redb", Verdict::Damaged, "missing, although a node has worked here");
        }
        return None;
    }
    let read = fs::read(folder.join("log.redb")).map_err(|error| error.to_string());
    let checked = read.and_then(|bytes| log_of(&bytes, card));
    match checked {
        Ok(log) => {
            let last = log.entries.last_key_value().map(|(index, _)| *index);
            let last = last.or(log.purged.map(|id| id.index)).unwrap_or(0);
            let says = format!("every page and {} entries, the last is {last}", log.entries.len());
            report.add("log.redb", Verdict::Good, says);
            Some(log)
        }
        Err(why) => {
            report.add("log.redb", Verdict::Damaged, why);
            None
        }
    }
}

/// The contents of a log, if it is whole and that of the card.
pub(super) fn log_of(bytes: &[u8], card: Option<&Card>) -> Result<Contents, String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    // The reader of the file format is not ours: whatever it does on damage, it is damage.
    let read = std::panic::catch_unwind(|| Database::read(bytes));
    let (log, uuid) = read.unwrap_or_else(|_| Err("it cannot be read at all".to_owned()))?;
    let Some(card) = card else { return Ok(log) };
    match uuid {
        Some(uuid) if uuid == card.data_uuid => {}
        Some(uuid) => return Err(format!("it is of folder {uuid}, not {}", card.data_uuid)),
        None => return Err("it is empty".to_owned()),
    }
    card.check_age(log.vote.as_ref(), log.purged.as_ref())?;
    Ok(log)
}

/// Checks each snapshot; gives how far the newest whole one goes.
fn check_snapshots(
    folder: &Path,
    card: Option<&Card>,
    report: &mut DataReport,
) -> io::Result<Option<LogId>> {
    let dir = folder.join("snapshots");
    let mut newest = None;
    for name in if dir.is_dir() { names(&dir)? } else { Vec::new() } {
        let shown = format!("snapshots/{name}");
        if !name.ends_with(".snp") {
            report.add(&shown, Verdict::Foreign, told_of(&name));
            continue;
        }
        let checked = SnapshotFile { path: dir.join(&name) }.read().and_then(|(meta, state)| {
            let foreign = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
            if file_name(&meta) != name {
                return Err(foreign(format!("its name should be {}", file_name(&meta))));
            }
            if let Some(card) = card {
                check_owner(&meta, card.node_id, &card.data_uuid).map_err(foreign)?;
            }
            Ok((meta, state))
        });
        match checked {
            Ok((meta, state)) => {
                newest = newest.max(meta.last_log_id);
                report.add(&shown, Verdict::Good, format!("whole, revision {}", state.revision()));
            }
            Err(error) => report.add(&shown, Verdict::Damaged, error.to_string()),
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_no_node_has_used_is_not_called_damaged_and_one_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let report = verify_data(dir.path()).unwrap();
        assert!(!report.has(Verdict::Damaged) && report.has(Verdict::Unchecked), "{report:?}");
        assert!(verify_data(&dir.path().join("nothing")).is_err());
    }
}
