//! Why a data folder cannot be used.

use std::fmt;
use std::path::PathBuf;

/// Why a data folder cannot be used; each says what to do.
#[derive(Debug)]
pub enum OpenError {
    /// Another process works in the folder.
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused a file operation.
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder belongs to another node or another cluster.
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// Whose it is and whose it should be.
        why: String,
    },
    /// The node has worked here before, but its log is gone.
    Missing {
        /// The file that should be there.
        path: PathBuf,
    },
    /// The log is an old copy: the node has promised more since than it holds.
    Older {
        /// The file.
        path: PathBuf,
        /// What it holds and what it should hold.
        why: String,
    },
    /// The content of a file is damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the index of the entry if there is one.
        why: String,
    },
}

/// What a node whose store may not be trusted has to do.
const QUARANTINE: &str = "the store is quarantined, for this node might break a promise that it \
                          has given; empty the data folder and add the node under a new number";

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { folder } => {
                write!(f, "{}: another process uses this data folder", folder.display())
            }
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Foreign { folder, why } => {
                write!(f, "{}: this data folder is not this node's: {why}", folder.display())
            }
            Self::Missing { path } => {
                let path = path.display();
                write!(f, "{path}: the log is gone although the node has used it; {QUARANTINE}")
            }
            Self::Older { path, why } => {
                let path = path.display();
                write!(f, "{path}: the log is an old copy ({why}); {QUARANTINE}")
            }
            Self::Damaged { path, why } => {
                let path = path.display();
                write!(f, "{path}: the log is damaged ({why}); {QUARANTINE}")
            }
        }
    }
}

impl std::error::Error for OpenError {}
