//! The harness: real programs on loopback, driven from outside as an operator and a resolver would.
//!
//! ```text
//! programs   builds gslb-node and gslbctl once, finds the other programs
//! old        the same programs of the last version that read less, built from the history
//! process    one running program: its log is kept, it ends with its test
//! node       one gslb-node: folders, ports, settings
//! cluster    three nodes that agree, and gslbctl beside them
//! operator   gslbctl with a context: what it printed, and how it ended
//! loopback   addresses of 127.0.0.0/8 that no other test uses
//! history    whether what concurrent clients saw could have happened one at a time
//! hosts      network namespaces for nodes, cut off, slowed and mended
//! delay      a TCP proxy that holds everything up
//! injection  system calls of a running node that fail or take long
//! registers  clients that set and read weights, and what they were told
//! endpoint   an HTTP server with a switch
//! client     a DNS client over UDP and TCP, with EDNS and client subnets
//! load       the pure parts of the load generator in bench/
//! wait       polls a condition until a deadline; nothing sleeps for a guess
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the harness is test code: what it does not expect ends the test"
)]

pub mod client;
pub mod cluster;
pub mod delay;
pub mod endpoint;
pub mod history;
pub mod hosts;
pub mod injection;
pub mod load;
pub mod loopback;
pub mod node;
pub mod old;
pub mod operator;
pub mod process;
pub mod programs;
pub mod registers;
pub mod tree;
pub mod wait;
