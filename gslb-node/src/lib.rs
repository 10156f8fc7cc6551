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

pub mod clock;
pub mod probe;
pub mod answer;
pub mod compile;
pub mod publish;
pub mod steer;
pub mod wire;
pub mod telemetry;
