//! What became of a command.

use super::revision::Revision;
use crate::model::Fault;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It applied; nodes that serve this revision or a later one follow it.
    Done {
        /// Where it applied.
        revision: Revision,
        /// What it was given: the id of a node that was added.
        id: Option<u64>,
    },
    /// Nothing was changed.
    Refused {
        /// For programs.
        code: RefusalCode,
        /// For people: what is wrong and what to do.
        message: String,
        /// Each fault, if there are several.
        faults: Vec<Fault>,
    },
}

/// Why a command was refused; the names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The object changed since the caller saw it.
    Conflict,
    /// It names something that does not exist.
    NotFound,
    /// It breaks a rule of the model.
    Invalid,
    /// A limit is reached.
    Limit,
    /// The leader's disk runs full; no command is refused for it once it is in the log.
    NoSpace,
    /// The caller may not do this.
    Forbidden,
    /// Not every member reads it yet; no command is refused for it once it is in the log.
    UpgradeUnfinished,
}

impl RefusalCode {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::NoSpace => "no_space",
            Self::Forbidden => "forbidden",
            Self::UpgradeUnfinished => "upgrade_unfinished",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reply {
    /// A refusal without a list of faults.
    pub fn refused(code: RefusalCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), faults: Vec::new() }
    }
}
