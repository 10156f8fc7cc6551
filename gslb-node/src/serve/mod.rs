//! The sockets of the data path.
//!
//! ```text
//! server  bind, start, stop
//!   udp     one thread a worker: recvmmsg 32 -> look at all, answer each -> sendmmsg   (sys: calls)
//!   tcp     one thread: accept within limits -> read, answer(), write, in order
//!   slow    odd queries of both: a bounded channel -> handler (hickory) -> answer
//! ```
//!
//! The data path sees only [`publish`](crate::publish): no agreed state, no control side.

mod capture;
pub mod config;
mod error;
mod handler;
mod server;
mod slow;
mod socket;
mod sys;
mod tcp;
mod tcp_limits;
mod udp;

pub use config::{ServeConfig, TcpLimits};
pub use error::ServeError;
pub use server::{Running, Server};
pub use sys::{give_back_memory, keep_no_large_blocks, stand_back};
pub use tcp_limits::StreamCounters;

#[cfg(test)]
mod sys_tests;
