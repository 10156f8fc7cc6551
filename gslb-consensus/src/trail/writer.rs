//! Appends records to the files, each once.

use super::{line, read};
use crate::state::{AuditEntry, AuditHash};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that has grown to this many bytes is followed by the next.
const FILE_BYTES: u64 = 8 << 20;

/// The end of the trail, and the file that grows.
pub(super) struct Writer {
    dir: PathBuf,
    /// Number and length of the file that grows; none: the next record begins one.
    file: Option<(u64, u64)>,
    /// The number of the newest file.
    newest_file: u64,
    /// The place of the newest record, and its hash.
    last: Option<((u32, u64, u64), AuditHash)>,
    /// Bytes at which the next file begins.
    file_bytes: u64,
}

impl Writer {
    /// Opens the folder; a line that a crash cut short is taken from the end of the newest file.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        make_folder(&dir)?;
        let mut writer =
            Self { dir, file: None, newest_file: 0, last: None, file_bytes: FILE_BYTES };
        for (number, path) in read::files(&writer.dir)?.into_iter().rev() {
            if writer.newest_file == 0 {
                writer.newest_file = number;
                writer.file = Some((number, cut_to_whole_lines(&path)?));
            }
            let records = read::records(&path)?;
            let newest = records.iter().rev().find_map(|(_, record)| record.as_ref().ok());
            if let Some(entry) = newest {
                writer.last = Some((entry.place(), entry.hash));
                break;
            }
        }
        Ok(writer)
    }

    #[cfg(test)]
    pub(super) fn with_files_of(mut self, bytes: u64) -> Self {
        self.file_bytes = bytes;
        self
    }

    /// Whether it holds this record or a later one.
    pub(super) fn holds(&self, entry: &AuditEntry) -> bool {
        self.last.is_some_and(|(place, _)| place >= entry.place())
    }

    /// Appends those records that are not there yet, and syncs them.
    ///
    /// After an error what is on disk is found out again before anything else is written.
    pub(super) fn append(&mut self, entries: &[Arc<AuditEntry>]) -> io::Result<()> {
        let done = self.try_append(entries);
        if done.is_err() {
            // The end of the file may be half a line now.
            match Self::open(self.dir.clone()) {
                Ok(again) => *self = Self { file_bytes: self.file_bytes, ..again },
                // Never behind half a line: the next record begins a file.
                Err(_) => self.file = None,
            }
        }
        done
    }

    fn try_append(&mut self, entries: &[Arc<AuditEntry>]) -> io::Result<()> {
        let new: Vec<_> = entries.iter().filter(|entry| !self.holds(entry)).collect();
        let mut entries = new.into_iter().peekable();
        while entries.peek().is_some() {
            let (number, mut length) = match self.file {
                Some((number, length)) if length < self.file_bytes => (number, length),
                _ => self.begin_file()?,
            };
            let mut text = String::new();
            let mut last = None;
            while let Some(entry) =
                entries.next_if(|_| length + (text.len() as u64) < self.file_bytes)
            {
                text.push_str(&line::write(entry).map_err(io::Error::other)?);
                last = Some((entry.place(), entry.hash));
            }
            let path = read::path(&self.dir, number);
            let mut file = OpenOptions::new().append(true).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()?;
            length += text.len() as u64;
            self.file = Some((number, length));
            self.last = last.or(self.last);
        }
        Ok(())
    }

    /// Makes the next file, with its head.
    fn begin_file(&mut self) -> io::Result<(u64, u64)> {
        make_folder(&self.dir)?;
        let number = self.newest_file + 1;
        let head = line::head();
        let path = read::path(&self.dir, number);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        self.newest_file = number;
        file.write_all(head.as_bytes())?;
        file.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        let begun = (number, head.len() as u64);
        self.file = Some(begun);
        Ok(begun)
    }
}

/// Makes the folder, if it is not there, for its owner only.
fn make_folder(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Takes half a line from the end of a file, and gives the length that is left.
///
/// A file without a whole line holds no head: nothing can be appended to it, and it counts as full.
fn cut_to_whole_lines(path: &Path) -> io::Result<u64> {
    let bytes = fs::read(path)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok(if whole == 0 { u64::MAX } else { whole as u64 })
}
