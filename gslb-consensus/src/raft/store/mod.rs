//! The log and the vote on disk: what this node has promised to the others.
//!
//! ```text
//!   openraft core ----- append, vote, truncate, purge -----> Writer (one thread, one order)
//!        |                                                      | one commit for all that waits
//!        | reads                                                v
//!        +------> Cache (all entries not yet purged)        Database (redb, two-phase commit)
//!                                                               | then, and only then,
//!        <--------- the callback: "it is on disk" --------------+
//! ```
//!
//! `Folder` guards the data folder: one process at a time, and only the store that belongs there.
//! A store that is missing, foreign, damaged or older than what the node has promised since is
//! refused by name ([`OpenError`]): such a node must never vote again under its number.
//! [`verify_data`] looks at a folder in the same way and changes nothing in it.

mod database;
mod folder;
mod inline;
mod log_file;
mod log_store;
mod open_error;
mod record;
mod verify;
mod writer;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fault_tests;

pub use open_error::OpenError;
pub use verify::{DataReport, FileReport, Verdict, verify_data};

pub(crate) use database::write_restored;
pub(crate) use folder::Folder;
pub(crate) use log_store::LogStore;
