//! Why a node did not start, and the exit code that says so.

use gslb_consensus::identity::IdentityError;
use gslb_consensus::raft;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::serve::ServeError;
use crate::telemetry::LogError;

/// Why a node did not start.
#[derive(Debug)]
pub enum StartError {
    /// The log cannot be started as it is asked for.
    Log(LogError),
    /// The identity cannot be read.
    Identity(IdentityError),
    /// The identity is of another node than the file says.
    Name {
        /// What the file says.
        file: String,
        /// What the identity says.
        identity: String,
    },
    /// The file asks for what a node of this identity does not do.
    Role(&'static str),
    /// The data folder cannot be written.
    Folder(PathBuf, io::Error),
    /// An address cannot be listened at.
    Listen {
        /// What for.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        why: String,
    },
    /// DNS cannot be answered.
    Dns(ServeError),
    /// The cluster's part cannot start.
    Cluster(raft::StartError),
    /// The system gives no threads, signals or random numbers.
    System(String),
}

impl StartError {
    /// 1: the machine does not let it; 2: the file is wrong; 3: the storage is.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Log(_)
            | Self::Identity(_)
            | Self::Name { .. }
            | Self::Role(_)
            | Self::Cluster(raft::StartError::Identity(_)) => 2,
            Self::Folder(..) | Self::Cluster(raft::StartError::Open(_)) => 3,
            Self::Listen { .. } | Self::Dns(_) | Self::Cluster(_) | Self::System(_) => 1,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => error.fmt(f),
            Self::Identity(error) => write!(f, "the node's identity cannot be used: {error}"),
            Self::Name { file, identity } => {
                write!(f, "the file is of node {file}, but the identity is of node {identity}")
            }
            Self::Role(what) => f.write_str(what),
            Self::Folder(folder, error) => {
                write!(f, "the data folder {} cannot be written: {error}", folder.display())
            }
            Self::Listen { what, address, why } => write!(f, "{what} at {address}: {why}"),
            Self::Dns(error) => error.fmt(f),
            Self::Cluster(error) => write!(f, "{error}"),
            Self::System(why) => write!(f, "the system refuses: {why}"),
        }
    }
}

impl std::error::Error for StartError {}
