//! Binds the sockets of the data path.

use super::config::ServeConfig;
use super::error::ServeError;
use super::sys;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// How often a free port for both transports is looked for.
const FREE_PORT_TRIES: usize = 32;

/// How long a blocking worker sleeps before it looks whether it must stop.
pub(super) const WAKE: Duration = Duration::from_millis(200);

/// The sockets of one address.
pub(super) struct Bound {
    /// The address, with the port that was taken.
    pub(super) address: SocketAddr,
    /// One socket a worker; the kernel spreads the clients over them.
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: TcpListener,
}

/// Binds UDP and TCP of one address, to the same port.
pub(super) fn bind(config: &ServeConfig, address: SocketAddr) -> Result<Bound, ServeError> {
    let mut tries = if address.port() == 0 { FREE_PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_both(config, address) {
            // The port that is free for TCP was not for UDP: another one may be.
            Err(ServeError::Taken(..)) if tries > 0 => {}
            result => return result,
        }
    }
}

fn bind_both(config: &ServeConfig, wanted: SocketAddr) -> Result<Bound, ServeError> {
    let tcp = tcp(config, wanted).map_err(|error| ServeError::of_bind(wanted, "TCP", error))?;
    let address = tcp.local_addr().map_err(|error| ServeError::Socket(wanted, error))?;
    let failed = |error| ServeError::of_bind(address, "UDP", error);
    // Sockets that share a port would share it with another program's too: so try it alone first.
    drop(udp(config, address, false).map_err(failed)?);
    let workers = config.workers.max(1);
    let udp = (0..workers).map(|_| udp(config, address, true)).collect::<io::Result<Vec<_>>>();
    let udp = udp.map_err(failed)?;
    if config.steer_by_cpu
        && let Some(first) = udp.first()
    {
        sys::steer_by_cpu(first.as_fd(), workers).map_err(failed)?;
    }
    Ok(Bound { address, udp, tcp })
}

fn tcp(config: &ServeConfig, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(config, address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn udp(config: &ServeConfig, address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let socket = open(config, address, Type::DGRAM, Protocol::UDP)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    sys::tune(socket.as_fd(), address.is_ipv6());
    if address.ip().is_unspecified() {
        sys::ask_local_address(socket.as_fd(), address.is_ipv6())?;
    }
    socket.set_read_timeout(Some(WAKE))?;
    Ok(socket.into())
}

fn open(
    config: &ServeConfig,
    address: SocketAddr,
    kind: Type,
    protocol: Protocol,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if config.bind_absent {
        match address {
            SocketAddr::V4(_) => socket.set_freebind_v4(true)?,
            SocketAddr::V6(_) => socket.set_freebind_v6(true)?,
        }
    }
    Ok(socket)
}
