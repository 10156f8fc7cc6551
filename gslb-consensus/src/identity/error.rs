//! Why an identity could not be made, read or used.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why an identity could not be made, read or used; each says which file and what to do.
#[derive(Debug)]
pub enum IdentityError {
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is there, but what it holds is not what it must be.
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name does not fit into a certificate.
    Name {
        /// The name as it was given.
        given: String,
        /// What a name must be.
        rule: &'static str,
    },
    /// A certificate is not one that this cluster gave out, or says no role.
    Certificate(String),
    /// Making keys, certificates or TLS settings failed.
    Crypto(String),
}

impl IdentityError {
    /// A failed file operation, with the path that the system's error does not name.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_path_buf(), source }
    }

    /// A file whose content is not what it must be.
    pub(crate) fn broken(path: &Path, why: impl fmt::Display) -> Self {
        Self::Broken { path: path.to_path_buf(), why: why.to_string() }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Broken { path, why } => write!(f, "{}: {why}", path.display()),
            Self::Name { given, rule } => write!(f, "the name \"{given}\" {rule}"),
            Self::Certificate(why) => write!(f, "certificate refused: {why}"),
            Self::Crypto(why) => write!(f, "keys or certificates: {why}"),
        }
    }
}

impl std::error::Error for IdentityError {}
