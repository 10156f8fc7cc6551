//! One query in, one answer out: the whole data path, without a socket, a clock or an allocation.
//!
//! ```text
//! header -> question (lower + hash) -> OPT -> names.find -> static body ---------.
//!    |           |                                 |                              copy body,
//!    |           `- FORMERR                        `-> steered: class of the      then OPT,
//!    `- Slow (odd) / Drop (no query)                    client -> row -> draw --' then header
//! ```
//!
//! [`answer()`] is what UDP, TCP, the slow path, tests and fuzzers call. All that it may remember
//! is in its [`Worker`]; all that it may know is in the [`Published`](crate::compile::Published)
//! set.

pub mod counters;
mod draws;
mod engine;
pub mod glance;
pub mod identity;
mod reply;
pub mod worker;

pub use counters::Counters;
pub use engine::{Meta, Verdict, answer, answer_glanced, refuse_by_panic};
pub use glance::{Glance, Incoming, look_at_all};
pub use identity::Identity;
pub use worker::Worker;
