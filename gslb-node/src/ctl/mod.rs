//! `gslbctl`: the operator's hand on the cluster.
//!
//! ```text
//! args (what was typed) --> run --> one module a command --> client (any node, the next if it is silent)
//!                            |              |                       |
//!                     context (servers,     |                 control::shape
//!                     who asks)             +--> output: tables for people, JSON for programs
//! ```
//!
//! Exit codes: 0 done; 1 failed; 2 wrong usage or context. What is asked for goes to standard output,
//! what went wrong to standard error, in JSON too if `--json` is given.

pub mod access_args;
pub mod args;
pub mod cluster;
mod cluster_args;
pub mod context;
pub mod error;
pub mod node;
pub mod snapshot_args;

mod access;
mod age;
mod apply;
mod change;
mod change_args;
mod client;
mod delegation;
mod founders;
mod invite;
mod node_args;
mod output;
mod renewal;
mod run;
mod seat;
mod shell;
mod show;
mod snapshot;
mod table;
mod wait;

#[cfg(test)]
mod tests;

pub use error::CtlError;
pub use run::run;
