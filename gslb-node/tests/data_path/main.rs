//! The data path as a whole: the pure engine by RFC, what may break it, and real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod ask;
mod conformance;
mod edns;
mod loopback;
mod robustness;
mod steering;
mod world;
