//! The command line of `gslb-node`: run a node, check its file, run the demo, or be `gslbctl`.
//!
//! Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 storage.

mod args;
mod data;
mod run;

pub use run::main;
