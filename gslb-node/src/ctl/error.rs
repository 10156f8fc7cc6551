//! Why a command failed, and with which exit code.

use crate::control::shape::ErrorBody;
use gslb_consensus::identity::IdentityError;
use gslb_consensus::model::Fault;
use std::fmt;

/// Why a command failed.
#[derive(Debug)]
pub enum CtlError {
    /// What was typed cannot be meant.
    Usage(String),
    /// The context file, or what it names, cannot be used.
    Context(String),
    /// A file of this machine cannot be read or written.
    File(String),
    /// A traffic file is wrong; nothing was sent.
    Faults(Vec<Fault>),
    /// No node could be reached: each with why not.
    Unreachable(Vec<(String, String)>),
    /// A node refused, or could not do it.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// What it said.
        body: ErrorBody,
    },
    /// A node said something that this version does not understand.
    Answer(String),
    /// Identities could not be made or read.
    Identity(IdentityError),
    /// It was printed already; only the exit code is left to give.
    Told,
}

impl CtlError {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Context(_) | Self::Faults(_) => 2,
            _ => 1,
        }
    }

    /// The error as the API would say it.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let code = match self {
            Self::Usage(_) => "usage",
            Self::Context(_) => "context",
            Self::File(_) => "file",
            Self::Faults(_) => "invalid",
            Self::Unreachable(_) => "unreachable",
            Self::Refused { body, .. } => return body.clone(),
            Self::Answer(_) => "answer",
            Self::Identity(_) => "identity",
            Self::Told => "failed",
        };
        let faults = match self {
            Self::Faults(faults) => faults.clone(),
            _ => Vec::new(),
        };
        let message = match self {
            Self::Faults(faults) => count(faults.len()),
            other => other.to_string(),
        };
        ErrorBody { code: code.to_owned(), message, faults, leader: None }
    }
}

/// How many faults kept a file from being sent.
fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault; nothing was changed".to_owned(),
        n => format!("{n} faults; nothing was changed"),
    }
}

impl fmt::Display for CtlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Context(what) | Self::File(what) | Self::Answer(what) => {
                f.write_str(what)
            }
            Self::Faults(faults) => {
                faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))?;
                f.write_str(&count(faults.len()))
            }
            Self::Unreachable(tried) => {
                f.write_str("no node could be reached:")?;
                tried.iter().try_for_each(|(server, why)| write!(f, "\n  {server}: {why}"))?;
                f.write_str("\nIs the node running, and is `servers` in the context file right?")
            }
            Self::Refused { body, .. } => {
                body.faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))?;
                f.write_str(&body.message)?;
                match body.leader.as_ref().and_then(|l| l.name.as_ref().zip(l.api.as_ref())) {
                    Some((name, api)) => write!(f, "\nThe leader was last seen on {name} ({api})."),
                    None => Ok(()),
                }
            }
            Self::Identity(error) => error.fmt(f),
            Self::Told => f.write_str("it failed"),
        }
    }
}

impl std::error::Error for CtlError {}

impl From<IdentityError> for CtlError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}
