//! Which ports the demo uses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use crate::config::try_bind;

/// Where the switch of the first demo on a machine listens; it also keeps two demos apart.
pub const SWITCH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5300);

/// Distance between the ports of two demos.
const SPAN: u16 = 20;
/// How many places are tried.
const PLACES: u16 = 100;

/// The ports of a demo: its switch, and those of each node, and the one of all endpoints.
pub(super) struct Ports {
    /// The switch, bound: as long as it is held, no other demo takes these ports.
    pub(super) switch: TcpListener,
    base: u16,
}

impl Ports {
    /// The first span of ports that is wholly free.
    pub(super) fn find() -> Option<Self> {
        (0..PLACES).find_map(|place| {
            let base = SWITCH.port() + place * SPAN;
            let switch = TcpListener::bind(SocketAddr::new(SWITCH.ip(), base)).ok()?;
            let ports = Self { switch, base };
            let free = |n: usize| {
                [ports.dns(n), ports.api(n), ports.raft(n), ports.plain(n)]
                    .into_iter()
                    .all(|address| try_bind(address).is_ok())
            };
            (1..=3).all(free).then_some(ports)
        })
    }

    /// Where the switch listens.
    pub(super) fn switch_address(&self) -> Option<SocketAddr> {
        self.switch.local_addr().ok()
    }

    /// Where node `n` (from 1) answers DNS.
    pub(super) fn dns(&self, n: usize) -> SocketAddr {
        self.at(n)
    }

    /// Where node `n` serves operators.
    pub(super) fn api(&self, n: usize) -> SocketAddr {
        self.at(3 + n)
    }

    /// Where node `n` serves the other nodes.
    pub(super) fn raft(&self, n: usize) -> SocketAddr {
        self.at(6 + n)
    }

    /// Where node `n` serves metrics without TLS.
    pub(super) fn plain(&self, n: usize) -> SocketAddr {
        self.at(9 + n)
    }

    /// The port of all endpoints; their addresses differ.
    pub(super) fn endpoints(&self) -> u16 {
        self.at(13).port()
    }

    fn at(&self, offset: usize) -> SocketAddr {
        let offset = u16::try_from(offset).unwrap_or_default();
        SocketAddr::new(SWITCH.ip(), self.base + offset)
    }
}
