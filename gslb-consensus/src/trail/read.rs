//! Reads the files of the trail.

use super::line;
use crate::state::AuditEntry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a folder, oldest first, by their numbers.
pub(super) fn files(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|extension| extension == "jsonl")
            && let Some(number) = stem.and_then(|stem| stem.parse().ok())
        {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The path of a file by its number.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.jsonl"))
}

/// One line of a file: which, and the record or what is wrong with it.
pub(super) type Numbered = (usize, Result<AuditEntry, String>);

/// Every whole line of a file behind its head. What stands behind the last line end is not there yet.
pub(super) fn records(path: &Path) -> io::Result<Vec<Numbered>> {
    // Bytes that are no text make a line that is no record.
    let bytes = fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(whole) = text.rfind('\n').and_then(|end| text.get(..end)) else {
        return Ok(Vec::new());
    };
    let mut lines = (1..).zip(whole.split('\n'));
    let mut found = Vec::new();
    if let Some((number, head)) = lines.next()
        && let Err(why) = line::check_head(head)
    {
        found.push((number, Err(why)));
    }
    found.extend(lines.map(|(number, text)| (number, line::read(text))));
    Ok(found)
}

/// The newest records that were made at `since_ms` or later, at most `limit`, oldest first.
pub(super) fn newest(dir: &Path, since_ms: u64, limit: usize) -> io::Result<Vec<AuditEntry>> {
    let mut found: Vec<AuditEntry> = Vec::new();
    for (_, path) in files(dir)?.into_iter().rev() {
        for (_, record) in records(&path)?.into_iter().rev() {
            match record {
                Ok(entry) if entry.at_ms < since_ms || found.len() >= limit => {
                    found.reverse();
                    return Ok(found);
                }
                Ok(entry) => found.push(entry),
                // What is broken is for `verify` to tell.
                Err(_) => {}
            }
        }
    }
    found.reverse();
    Ok(found)
}
