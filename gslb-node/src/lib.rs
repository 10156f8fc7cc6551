//! The node and its command line.
//!
//! ```text
//! QUERY   socket -> serve -> answer -> Send | Drop | Slow
//! CHANGE  control -> Command -> raft -> apply -> compile -> publish
//! PROBE   probe::scheduler -> check -> verdict -> reporter -> raft
//! ```
//!
//! The layers, each using only those to its left:
//! pure `wire < steer < compile < answer`;
//! then `clock, publish < serve, probe, control, telemetry, config < node < main, ctl`.

pub mod answer;
pub mod cli;
pub mod clock;
pub mod compile;
pub mod config;
pub mod control;
pub mod ctl;
pub mod demo;
pub mod join;
pub mod node;
pub mod probe;
pub mod publish;
pub mod serve;
pub mod steer;
pub mod telemetry;
pub mod wire;
