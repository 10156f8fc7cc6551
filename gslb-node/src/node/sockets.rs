//! The sockets of a node, taken before anything else starts.

use std::net::{SocketAddr, TcpListener};

use super::start_error::StartError;
use crate::config::{NodeConfig, in_words, try_bind};

/// The sockets that are open from the start; those for DNS open once there is something to answer.
pub(super) struct Sockets {
    /// For operators.
    pub(super) api: TcpListener,
    /// For scrapers on this machine.
    pub(super) plain: Option<TcpListener>,
    /// For the other nodes.
    pub(super) raft: TcpListener,
}

impl Sockets {
    /// Takes the sockets, and makes sure that those for DNS can be had.
    pub(super) fn open(config: &NodeConfig) -> Result<Self, StartError> {
        for address in &config.dns.listen {
            try_bind(*address).map_err(|error| {
                let why = in_words(&error);
                StartError::Listen { what: "cannot answer DNS", address: *address, why }
            })?;
        }
        let api = listen("cannot serve the API", config.api.listen)?;
        let raft = listen("cannot serve the other nodes", config.raft.listen)?;
        let plain = config.api.plain.map(|address| listen("cannot serve the metrics", address));
        Ok(Self { api, plain: plain.transpose()?, raft })
    }
}

fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| StartError::Listen { what, address, why: in_words(&error) })
}
