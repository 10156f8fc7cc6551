//! What a node is told by its file.

use gslb_consensus::raft::{SpaceLimits, Timers};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a node is told by its file.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The file itself, for messages.
    pub file: PathBuf,
    /// The name that the identity must have, if it is given.
    pub name: Option<String>,
    /// The folder with the node's certificate and key.
    pub identity: PathBuf,
    /// The folder with the log and the snapshots.
    pub data: PathBuf,
    /// Free bytes of the data folder's file system below which the node takes its steps.
    pub space: SpaceLimits,
    /// Cut off from the quorum for so long, the node marks its answers as stale.
    pub stale_after: Duration,
    /// Backups that the node makes by itself; none: it makes none.
    pub backup: Option<BackupConfig>,
    /// Answering DNS.
    pub dns: DnsConfig,
    /// The operators' API.
    pub api: ApiConfig,
    /// Talking to the other nodes.
    pub raft: RaftConfig,
    /// Whom an observer follows: `host:port` of their `[raft]`, best first.
    pub observe_from: Vec<String>,
    /// Whether an observer decides by the place data of the node that feeds it.
    pub places_from_feed: bool,
    /// MaxMind DB files, each filling in what those before it leave open; none: the built-in table.
    pub databases: Vec<PathBuf>,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// Backups that the node makes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupConfig {
    /// Where they lie.
    pub dir: PathBuf,
    /// How often one is made.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
}

/// How DNS is answered.
#[derive(Clone, Debug)]
pub struct DnsConfig {
    /// Addresses for UDP and TCP.
    pub listen: Vec<SocketAddr>,
    /// Threads that answer UDP; 0: one a core, each tied to its own.
    pub workers: usize,
    /// Whether a query goes to the thread of the core that received it, not to that of its hash.
    pub steer_by_cpu: bool,
    /// Most TCP connections at a time.
    pub tcp_connections: usize,
    /// Most TCP connections of one source at a time.
    pub tcp_per_source: usize,
    /// A TCP connection that says nothing for so long is closed.
    pub tcp_idle: Duration,
}

/// Where operators reach the node.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// The address that is bound.
    pub listen: SocketAddr,
    /// What is told to others, `host:port`.
    pub advertise: String,
    /// A loopback address that serves /metrics, /readyz and /livez without TLS.
    pub plain: Option<SocketAddr>,
}

/// Where the other nodes reach the node.
#[derive(Clone, Debug)]
pub struct RaftConfig {
    /// The address that is bound.
    pub listen: SocketAddr,
    /// What is told to others, `host:port`.
    pub advertise: String,
    /// How far apart the nodes are.
    pub timers: Timers,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// For people or for programs.
    pub format: LogFormat,
    /// Which events, as `info,gslb_node::probe=debug`; `GSLB_LOG` goes before it.
    pub filter: String,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people; coloured on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}
