//! Why a backup cannot be read or written.

use std::fmt;
use std::path::PathBuf;

/// Why a backup cannot be read or written.
#[derive(Debug)]
pub enum BackupError {
    /// The system refused a file operation.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are not those of a backup, or not as they were written.
    Damaged(String),
    /// It is of a format that this version does not know.
    Unknown(String),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Damaged(why) => write!(f, "the backup is damaged: {why}; use another one"),
            Self::Unknown(what) => {
                write!(f, "the backup cannot be read: {what}; use the version that wrote it")
            }
        }
    }
}

impl std::error::Error for BackupError {}
