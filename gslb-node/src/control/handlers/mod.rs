//! One file a subject: what is read from the state, and what is asked of the cluster.

pub(super) mod access;
mod ailments;
mod alarms;
pub(super) mod audit;
mod certificates;
pub(super) mod change;
pub(super) mod config;
pub(super) mod explain;
mod generations;
pub(super) mod health;
pub(super) mod joining;
mod members;
pub(super) mod nodes;
mod quorum;
pub(super) mod ready;
mod silence;
pub(super) mod snapshot;
pub(super) mod status;
pub(super) mod wait;
