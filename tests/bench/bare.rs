//! The bare responder: it moves packets, and hardly more.

use crate::batch::{BATCH, ROOM, inbox, is_passing, slices};
use gslb_tests::load::reply::reply;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};
use nix::sys::socket::{setsockopt, sockopt};
use std::io::{IoSlice, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::process::ExitCode;

/// Receive buffer that is asked for, as the node does.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Answers on an address until standard input ends: then the client is gone, however it ended.
pub(crate) fn serve(listen: SocketAddr) -> ExitCode {
    assert!(listen.ip().is_loopback(), "{listen}: loopback only");
    let udp = match UdpSocket::bind(listen) {
        Ok(udp) => udp,
        Err(error) => {
            eprintln!("{listen}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let _ = setsockopt(&udp, sockopt::RcvBuf, &RECEIVE_BUFFER);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    println!("ready on {listen}");
    let mut buffers = inbox();
    let (mut incoming, mut outgoing) =
        (MultiHeaders::preallocate(BATCH, None), MultiHeaders::preallocate(BATCH, None));
    let mut sources = [None; BATCH];
    let mut lengths = [0; BATCH];
    loop {
        let count = receive(&udp, &mut incoming, &mut buffers, &mut sources, &mut lengths);
        let mut kept = 0;
        for n in 0..count {
            let Some(length) = reply(&mut buffers[n], lengths[n]) else { continue };
            // Answers move up, so that those that are sent stand together.
            if kept < n {
                buffers.swap(kept, n);
            }
            (sources[kept], lengths[kept]) = (sources[n], length);
            kept += 1;
        }
        send(&udp, &mut outgoing, &buffers, &sources[..kept], &lengths);
    }
}

/// Waits for a datagram, and takes what else is there.
fn receive(
    udp: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    buffers: &mut Box<[[u8; ROOM]; BATCH]>,
    sources: &mut [Option<SockaddrIn>; BATCH],
    lengths: &mut [usize; BATCH],
) -> usize {
    let mut vectors = slices(buffers);
    match recvmmsg(udp.as_raw_fd(), headers, &mut vectors, MsgFlags::MSG_WAITFORONE, None) {
        Ok(received) => {
            let rows = sources.iter_mut().zip(lengths).zip(received);
            rows.map(|((source, length), message)| {
                (*source, *length) = (message.address, message.bytes);
            })
            .count()
        }
        Err(error) if is_passing(error) => 0,
        Err(error) => panic!("recvmmsg: {error}"),
    }
}

/// Sends the first answers, one for each of `sources`; what the kernel does not take, the client
/// misses.
fn send(
    udp: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    buffers: &[[u8; ROOM]; BATCH],
    sources: &[Option<SockaddrIn>],
    lengths: &[usize; BATCH],
) {
    if sources.is_empty() {
        return;
    }
    let vectors: [[IoSlice<'_>; 1]; BATCH] =
        std::array::from_fn(|n| [IoSlice::new(&buffers[n][..lengths[n]])]);
    let none: [ControlMessage<'_>; 0] = [];
    let vectors = &vectors[..sources.len()];
    let sent = sendmmsg(udp.as_raw_fd(), headers, vectors, sources, none, MsgFlags::empty());
    if let Err(error) = sent {
        assert!(is_passing(error), "sendmmsg: {error}");
    }
}
