//! What tells one content of a file from another without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What tells one content of a file from another without reading it; `None`: no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileMark(Option<(u64, u64, u64, i64, i64)>);

impl FileMark {
    /// That of a file as it is now.
    pub(super) fn of(file: &Path) -> Self {
        let mark = |m: fs::Metadata| (m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec());
        Self(fs::metadata(file).ok().map(mark))
    }

    /// Those of some files as they are now.
    pub(super) fn of_all(files: &[PathBuf]) -> Vec<Self> {
        files.iter().map(|file| Self::of(file)).collect()
    }
}
