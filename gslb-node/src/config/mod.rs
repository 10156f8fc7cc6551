//! The node's own file, `node.toml`: what is local to one node and not agreed on.
//!
//! ```text
//! node.toml --[read: every fault with its line]--> NodeConfig --[world: ports, folders, data]--> start
//! ```
//!
//! Paths in the file are relative to the file. Zones, regions and all else that answers follow is no
//! part of it: that is the traffic file, which `gslbctl apply` sends to the whole cluster.

mod node_config;
mod read;
mod starter;
mod world;

pub use node_config::{
    ApiConfig, BackupConfig, DnsConfig, LogConfig, LogFormat, NodeConfig, RaftConfig,
};
pub use read::{load, read};
pub use starter::{host_of, hosts_of, starter_file};
pub use world::{check_world, in_words, try_bind, writable};
