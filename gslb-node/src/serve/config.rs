//! How the data path is set up on one node.

use crate::answer::Identity;
use std::net::SocketAddr;
use std::time::Duration;

/// How the data path is set up on one node.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where to answer, over UDP and TCP. Port 0 takes a free one, the same for both.
    pub addresses: Vec<SocketAddr>,
    /// UDP threads; each has a socket of its own for every address. At least 1.
    pub workers: usize,
    /// Ties UDP thread n to the n-th of the CPUs that the process may use.
    pub pin_workers: bool,
    /// Has the kernel give a query to the thread of the CPU that received it, where the network
    /// card spreads its queues over the CPUs; otherwise to the thread of the client's hash.
    pub steer_by_cpu: bool,
    /// Binds addresses that the host does not have yet: for anycast addresses (IP_FREEBIND).
    pub bind_absent: bool,
    /// What the node says of itself.
    pub identity: Identity,
    /// Bounds on TCP.
    pub tcp: TcpLimits,
}

/// Bounds on TCP, so that no client can take it from the others.
#[derive(Clone, Copy, Debug)]
pub struct TcpLimits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one source: a /24 of IPv4, a /56 of IPv6.
    pub connections_per_source: usize,
    /// How long a connection may be without a whole query, or refuse to take an answer.
    pub idle_timeout: Duration,
    /// The longest query, bytes; a longer one ends the connection.
    pub query_bytes: usize,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 1000,
            connections_per_source: 100,
            idle_timeout: Duration::from_secs(10),
            query_bytes: 16 * 1024,
        }
    }
}

impl ServeConfig {
    /// One worker at these addresses, with the default limits.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self {
            addresses,
            workers: 1,
            pin_workers: false,
            steer_by_cpu: false,
            bind_absent: false,
            identity: Identity::default(),
            tcp: TcpLimits::default(),
        }
    }
}
