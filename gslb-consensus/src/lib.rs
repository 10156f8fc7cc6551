//! What the nodes agree on, and how they come to agree.
//!
//! ```text
//! model     the declared things: zones, regions, pools, monitors, policies, names      (pure)
//! state     commands -> apply() -> one agreed state: weights, overrides, health, audit (pure)
//! backup    one agreed state in one file
//! feed      what of that state an observer is told, in frames                         (pure)
//! follow    the feed on its way: the side that feeds, the side that follows
//! trail     all records of the audit trail, in files of this node
//! identity  the cluster's authority and its certificates: who is who
//! dial      calls to other nodes, as all that make them begin
//! raft      openraft, storage and transport: how commands reach every node in one order
//! ```
//!
//! [`model`], [`state`] and [`feed`] name no clock, file, thread or socket; only [`raft`] imports openraft.

#![allow(
    clippy::cast_possible_truncation,
    reason = "numbers are read within their declared bounds"
)]

pub mod backup;
pub mod dial;
pub mod feed;
pub mod follow;
pub mod identity;
pub mod model;
pub mod raft;
pub mod state;
pub mod trail;
