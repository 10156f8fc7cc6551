//! One file a subject: what is read from the state, and what is asked of the cluster.

pub(super) mod access;
mod alarms;
pub(super) mod audit;
mod certificates;
pub(super) mod change;
pub(super) mod config;
pub(super) mod explain;
pub(super) mod health;
pub(super) mod nodes;
pub(super) mod ready;
pub(super) mod snapshot;
pub(super) mod status;
pub(super) mod wait;
