//! Why the demo does not run.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the demo does not run.
#[derive(Debug)]
pub enum DemoError {
    /// A file, socket or process cannot be had.
    System(String, io::Error),
    /// A node ended, or did not come up in time; with the end of its log.
    Node {
        /// Which.
        name: String,
        /// What became of it.
        why: String,
        /// The end of its log.
        log: String,
    },
    /// The cluster's files cannot be made, or it does not take a node in.
    Cluster(String),
    /// The nodes do not answer as they should within some time.
    Answers(String),
    /// The switch of a running demo cannot be reached, or refuses.
    Switch(String),
}

impl DemoError {
    /// A failed operation on a file.
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::System(PathBuf::from(path).display().to_string(), error)
    }
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(what, error) => write!(f, "{what}: {error}"),
            Self::Node { name, why, log } => {
                write!(f, "node {name} {why}; its log ends with:\n{log}")
            }
            Self::Cluster(why) => write!(f, "the cluster cannot be formed: {why}"),
            Self::Answers(why) => write!(f, "the nodes do not answer as they should: {why}"),
            Self::Switch(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for DemoError {}
