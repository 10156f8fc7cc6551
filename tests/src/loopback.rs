//! Addresses of 127.0.0.0/8 that no other test uses: with one of its own, each node can have the usual ports.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};

/// An address that nothing else in this run listens on.
///
/// The second and third byte come from the process, the last counts. The place data of the lab holds
/// 127.1.0.0/16 to 127.44.0.0/16 for clients: those are left alone.
///
/// # Panics
/// If one process asks for more than 250.
#[must_use]
pub fn fresh() -> IpAddr {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let last = u8::try_from(COUNT.fetch_add(1, Ordering::Relaxed)).expect("fewer addresses");
    let [_, _, high, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 + high % 128, low, last))
}

/// Why port 53 of a loopback address cannot be bound; none if it can.
#[must_use]
pub fn port_53_refused() -> Option<String> {
    let bound = std::net::UdpSocket::bind((fresh(), 53));
    bound.err().map(|error| format!("port 53 of a loopback address cannot be bound: {error}"))
}
