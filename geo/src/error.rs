//! Why place data cannot be loaded.

use std::fmt;
use std::io;

/// Why place data cannot be loaded: which file, and what is wrong with it.
#[derive(Debug)]
pub struct LoadError {
    /// The file, as it was given.
    pub file: String,
    /// What is wrong.
    pub fault: LoadFault,
}

/// What is wrong with a file of place data.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadFault {
    /// It cannot be read.
    Read(io::Error),
    /// It is larger than this many bytes.
    TooLarge(u64),
    /// It is no MaxMind DB file, or cut short.
    Format(String),
    /// Its search tree has more networks than nodes allow: a corrupt tree.
    Tree,
    /// The record of a network cannot be decoded.
    Record {
        /// The first address of the network.
        address: std::net::IpAddr,
        /// What the decoder says.
        reason: String,
    },
    /// It is sound, but says nothing of places.
    NoPlaces(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.fault)
    }
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::TooLarge(limit) => write!(f, "is larger than {} MiB", limit >> 20),
            Self::Format(reason) => write!(f, "is no sound MaxMind DB file: {reason}"),
            Self::Tree => {
                f.write_str("is corrupt: the search tree holds more networks than it can")
            }
            Self::Record { address, reason } => {
                write!(f, "is corrupt: the record of {address} cannot be decoded: {reason}")
            }
            Self::NoPlaces(kind) => {
                write!(f, "holds no continent, country, location or ASN (its type is \"{kind}\")")
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            LoadFault::Read(error) => Some(error),
            _ => None,
        }
    }
}
