//! One connected socket of the client.

use crate::batch::{BATCH, Inbox, inbox, is_passing, slices};
use gslb_tests::load::template::LONGEST;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, recvmmsg, sendmmsg};
use nix::sys::socket::{setsockopt, sockopt};
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

/// Receive buffer that is asked for: a pause of the client should lose nothing.
const RECEIVE_BUFFER: usize = 4 << 20;

/// A socket that is connected to a server, with buffers for a batch each way.
pub(crate) struct Socket {
    udp: UdpSocket,
    outgoing: MultiHeaders<()>,
    outbox: Box<[[u8; LONGEST]; BATCH]>,
    out_lengths: [usize; BATCH],
    incoming: MultiHeaders<()>,
    inbox: Inbox,
    in_lengths: [usize; BATCH],
}

impl Socket {
    /// Connects to `server` from `source`.
    ///
    /// # Panics
    /// If one of them is not on loopback: this is a flood, and no business of anybody else's
    /// machine.
    pub(crate) fn connect(source: Ipv4Addr, server: SocketAddr) -> Self {
        let on_loopback = source.is_loopback() && server.ip().is_loopback();
        assert!(on_loopback, "{source} to {server}: loopback only");
        let udp = UdpSocket::bind((source, 0)).expect("a loopback address can be bound");
        udp.connect(server).expect("a loopback address can be connected to");
        let _ = setsockopt(&udp, sockopt::RcvBuf, &RECEIVE_BUFFER);
        Self {
            udp,
            outgoing: MultiHeaders::preallocate(BATCH, None),
            outbox: Box::new([[0; LONGEST]; BATCH]),
            out_lengths: [0; BATCH],
            incoming: MultiHeaders::preallocate(BATCH, None),
            inbox: inbox(),
            in_lengths: [0; BATCH],
        }
    }

    /// Puts a datagram into the batch as number `n`: `write` fills a buffer and gives the length.
    pub(crate) fn put(&mut self, n: usize, write: impl FnOnce(&mut [u8]) -> usize) -> &[u8] {
        self.out_lengths[n] = write(&mut self.outbox[n]);
        &self.outbox[n][..self.out_lengths[n]]
    }

    /// Sends the first `count` of the batch; gives how many the kernel took.
    ///
    /// # Panics
    /// On an error that does not pass.
    pub(crate) fn send(&mut self, count: usize) -> usize {
        let vectors: [[IoSlice<'_>; 1]; BATCH] = std::array::from_fn(|n| {
            let length = if n < count { self.out_lengths[n] } else { 0 };
            [IoSlice::new(&self.outbox[n][..length])]
        });
        let none: [ControlMessage<'_>; 0] = [];
        let (descriptor, wait) = (self.udp.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let all = [None; BATCH];
        let sent =
            sendmmsg(descriptor, &mut self.outgoing, &vectors[..count], &all[..count], none, wait);
        match sent {
            Ok(sent) => sent.count(),
            Err(error) if is_passing(error) => 0,
            Err(error) => panic!("sendmmsg: {error}"),
        }
    }

    /// Receives what is there; gives how many datagrams.
    ///
    /// # Panics
    /// On an error that does not pass.
    pub(crate) fn receive(&mut self) -> usize {
        let mut vectors = slices(&mut self.inbox);
        let descriptor = self.udp.as_raw_fd();
        let received =
            recvmmsg(descriptor, &mut self.incoming, &mut vectors, MsgFlags::MSG_DONTWAIT, None);
        match received {
            Ok(received) => {
                let lengths = self.in_lengths.iter_mut().zip(received);
                lengths.map(|(length, message)| *length = message.bytes).count()
            }
            Err(error) if is_passing(error) => 0,
            Err(error) => panic!("recvmmsg: {error}"),
        }
    }

    /// A received datagram.
    pub(crate) fn received(&self, n: usize) -> &[u8] {
        &self.inbox[n][..self.in_lengths[n]]
    }
}
