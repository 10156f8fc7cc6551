//! The data path as a whole: the pure engine by RFC, what may break it, and real sockets.

mod ask;
mod conformance;
mod edns;
mod loopback;
mod robustness;
mod steering;
mod world;
