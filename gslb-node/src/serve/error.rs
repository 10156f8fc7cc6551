//! Why the data path does not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why the data path does not start. Each is one sentence that says what to do.
#[derive(Debug)]
pub enum ServeError {
    /// No address is configured.
    NoAddress,
    /// More addresses than a worker can wait for.
    TooMany(usize),
    /// Another program has the port.
    Taken(SocketAddr, &'static str),
    /// The port needs a privilege.
    NotAllowed(SocketAddr),
    /// The host does not have the address.
    NotHere(SocketAddr),
    /// Some other fault of a socket.
    Socket(SocketAddr, io::Error),
    /// A thread or its runtime cannot be started.
    Thread(io::Error),
}

impl ServeError {
    /// Names what the system said of binding `address`.
    pub(super) fn of_bind(address: SocketAddr, transport: &'static str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(address, transport),
            io::ErrorKind::PermissionDenied => Self::NotAllowed(address),
            io::ErrorKind::AddrNotAvailable => Self::NotHere(address),
            _ => Self::Socket(address, error),
        }
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no DNS address is configured: give at least one"),
            Self::TooMany(most) => write!(f, "more than {most} DNS addresses are configured"),
            Self::Taken(address, transport) => write!(
                f,
                "{transport} {address} is taken by another program: stop it, or configure another \
                 DNS address"
            ),
            Self::NotAllowed(address) => write!(
                f,
                "no permission to listen on {address}: ports below 1024 need root or \
                 CAP_NET_BIND_SERVICE"
            ),
            Self::NotHere(address) => write!(
                f,
                "this host does not have the address of {address}: add it to an interface, or \
                 allow to bind absent addresses"
            ),
            Self::Socket(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Thread(error) => write!(f, "cannot start the DNS threads: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}
