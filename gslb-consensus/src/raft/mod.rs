//! How commands reach every node in one order: openraft, its storage and its transport.
//!
//! ```text
//!            Cluster (the handle) -- propose, watch, status, linearizable, add_node, peer
//!               |
//!   propose --> core <-- supervisor (starts Raft, starts it again)  leader_tasks, membership,
//!               |                                                   steps, guard, autopilot,
//!               |                                                   clocks, timekeeper, generations
//!            openraft ----- store    log and vote on disk (redb)
//!               |     \---- machine  the state in memory; snapshot files; view = what is published
//!               |
//!   network --> messenger --> HTTP/2 over mutual TLS --> listener --> routes of the other node
//! ```
//!
//! As the disk of the data folder runs full, `space_keeper` takes the steps of `space`: the lead goes
//! to another node and Raft stops before a write fails. `disk_pace` tells a disk that is slow.
//! [`restore()`] begins a cluster again from a [`crate::backup`], and [`verify_data`] looks at a data
//! folder without a change.
//!
//! `simulation` starts the same node on a network, disk and clock that are made of code.
//!
//! This folder is the only importer of openraft, which sees bytes alone: commands are envelopes of
//! [`crate::state`], messages and stored entries are layouts of `wire`, both with versions of
//! their own. It runs on threads of its own and may fail or panic without the node noticing more
//! than that writes wait: what is answered to the world comes from the last applied state.

mod address_book;
mod autopilot;
mod background;
mod clocks;
mod cluster;
mod core;
mod disk_pace;
mod errors;
mod generations;
mod guard;
mod handover;
mod leader_tasks;
mod listener;
mod log_age;
mod machine;
mod membership;
mod messenger;
mod network;
mod observer;
mod peer_client;
mod propose;
mod reads;
mod restore;
mod routes;
mod snapshot;
mod space;
mod space_keeper;
mod start;
mod status;
mod steps;
mod store;
mod supervisor;
mod timekeeper;
mod timers;
mod types;
mod view;
mod wire;

#[doc(hidden)]
pub mod simulation;

#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod feed_tests;
#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod slow_link;
#[cfg(test)]
mod storage_tests;
#[cfg(test)]
mod transport_tests;

pub use cluster::{Cluster, ClusterConfig, Gate};
pub use disk_pace::DiskPace;
pub use errors::{PeerError, ProposeError, ReadError, StartError, TransferError};
pub use observer::{FeedConfig, FeedStatus};
pub use peer_client::PeerClient;
pub use propose::Origin;
pub use restore::{Restore, RestoreError, Restored, restore};
pub use space::{Space, SpaceLevel, SpaceLimits};
pub use status::{Member, RaftStatus, Role};
pub use store::{DataReport, FileReport, OpenError, Verdict, verify_data};
pub use timekeeper::WallClock;
pub use timers::Timers;
