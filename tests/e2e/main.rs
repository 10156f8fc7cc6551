//! Real programs, from the command line to the answer.
//!
//! ```text
//! samples     the files under deploy/
//! mistakes    what is said to who starts a node wrongly, and with which exit code
//! changes     what an operator changes, on all nodes: apply, export, weights, overrides
//! health      endpoints that die and come back
//! access      users, roles, tokens and the audit trail
//! members     nodes that come and go
//! joining     nodes that come in by a token, and a cluster that begins in one step
//! certificates  certificates that are replaced while the nodes run
//! upgrades    nodes that run another version, one after the other
//! crashes     nodes that die at bad moments
//! registers   what concurrent clients are told, while nodes die and freeze
//! observers   nodes outside Raft that follow the feed, and each other
//! frozen      a voter that stands still
//! partitions  nodes that are cut off from each other, on hosts of their own
//! backups     what is saved, looked at, and begun again from
//! disk        a disk that runs full, step by step, and has room again
//! places      who is sent where, by the place data; data that is replaced
//! shares      weighted draws
//! syscalls    what a thread that answers asks the kernel for
//! demo        the card of the demo, line by line
//! readme      what the README tells people to type
//! resolver    Unbound, which follows a delegation to the nodes
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod access;
mod backups;
mod certificates;
mod changes;
mod crashes;
mod demo;
mod disk;
mod frozen;
mod health;
mod joining;
mod members;
mod mistakes;
mod observers;
mod partitions;
mod places;
mod readme;
mod registers;
mod resolver;
mod samples;
mod shares;
mod syscalls;
mod traffic;
mod upgrades;
