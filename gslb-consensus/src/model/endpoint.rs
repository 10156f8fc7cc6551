//! One address, or alias host name, that can be given out.

use super::id::{EndpointId, RegionId};
use super::name::DnsName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// What an endpoint is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// An A or AAAA record.
    Address(IpAddr),
    /// A CNAME record.
    Alias(DnsName),
}

/// One address, or alias host name, of one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name, unique in the configuration.
    pub id: EndpointId,
    /// The region that it is in.
    pub region: RegionId,
    /// What is answered.
    pub target: Target,
    /// Share among the endpoints of its region when fewer are given than there are, 0 to 1000.
    pub weight: u16,
    /// Where probes go instead of the target: an address, or `ADDRESS:PORT`.
    pub probe: Option<ProbeAddress>,
}

/// Where probes of an endpoint go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAddress {
    /// The address.
    pub address: IpAddr,
    /// The port; the monitor's if none.
    pub port: Option<u16>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Alias(name) => write!(f, "{name}"),
        }
    }
}

impl fmt::Display for ProbeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.port) {
            (address, None) => write!(f, "{address}"),
            (IpAddr::V4(address), Some(port)) => write!(f, "{address}:{port}"),
            (IpAddr::V6(address), Some(port)) => write!(f, "[{address}]:{port}"),
        }
    }
}

impl std::str::FromStr for ProbeAddress {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { address, port: None });
        }
        let socket: std::net::SocketAddr = text.parse()?;
        Ok(Self { address: socket.ip(), port: Some(socket.port()) })
    }
}
