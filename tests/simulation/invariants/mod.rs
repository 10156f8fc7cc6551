//! What must hold whatever fails, one file each.
//!
//! ```text
//! of Raft       election_safety  log_matching  leader_completeness  commit_monotonic
//! of the state  equal_state  agreed_time  feed  safety_rules
//! of answers    acknowledged (at the end)
//! ```

mod acknowledged;
mod agreed_time;
mod commit_monotonic;
mod election_safety;
mod equal_state;
mod feed;
mod invariant;
mod leader_completeness;
mod log_matching;
mod safety_rules;

pub(crate) use invariant::{Invariant, all};
