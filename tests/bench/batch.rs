//! Datagrams many at a time.

use nix::errno::Errno;
use std::io::IoSliceMut;

/// Datagrams of one call.
pub(crate) const BATCH: usize = 32;
/// Room for a datagram that is received.
pub(crate) const ROOM: usize = 2048;

/// Buffers for one call that receives.
pub(crate) type Inbox = Box<[[u8; ROOM]; BATCH]>;

/// Empty buffers.
pub(crate) fn inbox() -> Inbox {
    Box::new([[0; ROOM]; BATCH])
}

/// The buffers as the kernel wants to be told of them.
pub(crate) fn slices(inbox: &mut Inbox) -> [[IoSliceMut<'_>; 1]; BATCH] {
    inbox.each_mut().map(|buffer| [IoSliceMut::new(buffer.as_mut_slice())])
}

/// Whether a call only has nothing to do now, or tells of a datagram that came back.
pub(crate) fn is_passing(error: Errno) -> bool {
    matches!(error, Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED | Errno::ENOBUFS)
}
