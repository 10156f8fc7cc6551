//! The calls that the standard library does not have: batches of datagrams, and a few options.
//!
//! The only file with `unsafe`. What must hold: [`Batch`] hands the kernel pointers into one heap
//! allocation that neither moves nor is freed before the batch, and the arrays of pointers and of
//! what they point at are of the same length.

#![expect(unsafe_code, reason = "recvmmsg and sendmmsg take raw pointers; see the file's headline")]
#![expect(
    clippy::indexing_slicing,
    reason = "numbers of datagrams are below WIDTH, the length of every array; a panic would be \
              right before a kernel call"
)]

use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

/// Datagrams a call.
pub(super) const WIDTH: usize = 32;

/// Room for a datagram: more than any query needs, and than any answer may take.
pub(super) const ROOM: usize = 2048;

/// Room for the control messages: one in_pktinfo or in6_pktinfo.
const CONTROL: usize = 64;

/// The local address that a datagram came to, ready to be sent back with.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control {
    bytes: [u8; CONTROL],
    length: usize,
}

/// Room for `WIDTH` datagrams and all that the kernel wants to know of them.
#[repr(C)]
struct Storage {
    headers: [libc::mmsghdr; WIDTH],
    vectors: [libc::iovec; WIDTH],
    sources: [libc::sockaddr_storage; WIDTH],
    controls: [Control; WIDTH],
    outgoing: [libc::mmsghdr; WIDTH],
    outgoing_vectors: [libc::iovec; WIDTH],
    buffers: [[u8; ROOM]; WIDTH],
}

/// A batch of datagrams: received, answered in place, sent.
pub(super) struct Batch {
    storage: NonNull<Storage>,
    /// Whether the local address is asked for, and used as the source of the answer.
    wildcard: bool,
    received: usize,
    kept: usize,
}

/// One received datagram.
pub(super) struct Datagram<'a> {
    /// The datagram, and room for its answer.
    pub(super) buffer: &'a mut [u8; ROOM],
    pub(super) length: usize,
    pub(super) source: SocketAddr,
    pub(super) control: Control,
}

// SAFETY: the storage is owned by the batch alone, and nothing in it is tied to a thread.
unsafe impl Send for Batch {}

impl Batch {
    /// An empty batch; `wildcard` for sockets with [`ask_local_address`].
    pub(super) fn new(wildcard: bool) -> Self {
        // SAFETY: all fields are integers, byte arrays or pointers, for which zero is a value.
        let storage: Box<Storage> = unsafe { Box::<Storage>::new_zeroed().assume_init() };
        let storage = NonNull::from(Box::leak(storage));
        let mut batch = Self { storage, wildcard, received: 0, kept: 0 };
        let raw = batch.storage.as_ptr();
        for n in 0..WIDTH {
            // SAFETY: n is below the length of each array; the pointers are derived from the raw
            // pointer to the whole and stay valid as long as the batch.
            unsafe {
                let vector = &raw mut (*raw).vectors[n];
                (*vector).iov_base = (&raw mut (*raw).buffers[n]).cast();
                let header = &raw mut (*raw).headers[n].msg_hdr;
                (*header).msg_name = (&raw mut (*raw).sources[n]).cast();
                (*header).msg_iov = vector;
                (*header).msg_iovlen = 1;
                if wildcard {
                    (*header).msg_control = (&raw mut (*raw).controls[n].bytes).cast();
                }
            }
        }
        batch.received = WIDTH;
        batch.reset();
        batch
    }

    /// Receives at least one datagram, or none if there is none now, or none within the time limit
    /// of a blocking socket. `wait`: the socket may block for the first.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, wait: bool) -> io::Result<usize> {
        self.reset();
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        // SAFETY: `headers` has WIDTH entries whose pointers and lengths `new` and `reset` set.
        let count = unsafe {
            let headers = (&raw mut (*self.storage.as_ptr()).headers).cast();
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers,
                WIDTH as u32,
                flags as _,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => self.received = count,
            Err(_) => {
                let error = io::Error::last_os_error();
                // ICMP errors of earlier answers may surface here: they mean nothing to us.
                return match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::Interrupted
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable => Ok(0),
                    _ => Err(error),
                };
            }
        }
        if self.wildcard {
            for n in 0..self.received {
                self.free_interface(n);
            }
        }
        Ok(self.received)
    }

    /// The datagram of that number; `None` past the last, or if its source is no IP address.
    #[inline]
    pub(super) fn datagram(&mut self, n: usize) -> Option<Datagram<'_>> {
        if n >= self.received {
            return None;
        }
        // SAFETY: n is below WIDTH, and the borrow of `self` keeps anybody else from the storage.
        unsafe {
            let raw = self.storage.as_ptr();
            let header = (&raw const (*raw).headers[n]).read();
            let mut control = (&raw const (*raw).controls[n]).read();
            control.length = if self.wildcard { header.msg_hdr.msg_controllen as _ } else { 0 };
            Some(Datagram {
                buffer: &mut (*raw).buffers[n],
                length: (header.msg_len as usize).min(ROOM),
                source: read_address(&(*raw).sources[n])?,
                control,
            })
        }
    }

    /// Marks the first `length` bytes of the buffer of datagram `n` to be sent to its source.
    #[inline]
    pub(super) fn keep(&mut self, n: usize, length: usize) {
        if n >= self.received || self.kept >= WIDTH {
            return;
        }
        // SAFETY: both numbers are below WIDTH; the vector points at the buffer of datagram n and
        // says no more than its size.
        unsafe {
            let raw = self.storage.as_ptr();
            let vector = &raw mut (*raw).outgoing_vectors[self.kept];
            (*vector).iov_base = (&raw mut (*raw).buffers[n]).cast();
            (*vector).iov_len = length.min(ROOM);
            let mut header = (&raw const (*raw).headers[n]).read();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_flags = 0;
            (&raw mut (*raw).outgoing[self.kept]).write(header);
        }
        self.kept += 1;
    }

    /// Sends what was kept; returns how many datagrams the kernel did not take.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let (mut done, mut unsent, mut waited) = (0, 0, false);
        while done < self.kept {
            // SAFETY: entries done..kept of `outgoing` were written by `keep`.
            let count = unsafe {
                let first =
                    (&raw mut (*self.storage.as_ptr()).outgoing).cast::<libc::mmsghdr>().add(done);
                let left = (self.kept - done) as u32;
                libc::sendmmsg(socket.as_raw_fd(), first, left, libc::MSG_DONTWAIT as _)
            };
            if let Ok(count @ 1..) = usize::try_from(count) {
                done += count;
                continue;
            }
            let full = io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock;
            if full && !waited {
                // The send buffer is full: give the card a moment, once a batch.
                waited = true;
                wait(&[socket], libc::POLLOUT, 5, |_| {});
                continue;
            }
            // This one cannot go; the next may.
            done += 1;
            unsent += 1;
        }
        self.kept = 0;
        unsent
    }

    /// Gives the kernel back the room that the last batch used.
    fn reset(&mut self) {
        for n in 0..self.received {
            // SAFETY: n is below WIDTH; the lengths are those of what the pointers point at.
            unsafe {
                let raw = self.storage.as_ptr();
                (*raw).vectors[n].iov_len = ROOM;
                let header = &raw mut (*raw).headers[n].msg_hdr;
                (*header).msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
                (*header).msg_controllen = if self.wildcard { CONTROL as _ } else { 0 };
            }
        }
        (self.received, self.kept) = (0, 0);
    }

    /// Makes the control message of datagram `n` fit to be sent: with the local address as the
    /// source, but without the interface, or the answer would ignore the routes.
    fn free_interface(&mut self, n: usize) {
        // SAFETY: n is below WIDTH; the kernel wrote well-formed control messages of msg_controllen
        // bytes, and CMSG_FIRSTHDR returns one of them or null.
        unsafe {
            let header = &raw mut (*self.storage.as_ptr()).headers[n].msg_hdr;
            let message = libc::CMSG_FIRSTHDR(header);
            if message.is_null() {
                (*header).msg_controllen = 0;
                return;
            }
            let data = libc::CMSG_DATA(message);
            match ((*message).cmsg_level, (*message).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>();
                    (&raw mut (*info).ipi_ifindex).write_unaligned(0);
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>();
                    let address = (&raw const (*info).ipi6_addr).read_unaligned();
                    if !Ipv6Addr::from(address.s6_addr).is_unicast_link_local() {
                        (&raw mut (*info).ipi6_ifindex).write_unaligned(0);
                    }
                }
                _ => (*header).msg_controllen = 0,
            }
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a leaked box, and nobody else has it.
        drop(unsafe { Box::from_raw(self.storage.as_ptr()) });
    }
}

/// Sends one datagram, from the local address that `control` holds.
pub(super) fn send_one(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: SocketAddr,
    mut control: Control,
) -> io::Result<()> {
    let address = socket2::SockAddr::from(to);
    let mut vector =
        libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: the header points at locals that outlive the call, which only reads them.
    let sent = unsafe {
        let mut header: libc::msghdr = zeroed();
        header.msg_name = address.as_ptr().cast_mut().cast();
        header.msg_namelen = address.len();
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        if control.length > 0 {
            header.msg_control = control.bytes.as_mut_ptr().cast();
            header.msg_controllen = control.length.min(CONTROL) as _;
        }
        libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits until a socket has something to read, at most `timeout_ms`; calls `ready` with the number
/// of each that has.
pub(super) fn wait_readable(sockets: &[BorrowedFd<'_>], timeout_ms: i32, ready: impl FnMut(usize)) {
    wait(sockets, libc::POLLIN, timeout_ms, ready);
}

fn wait(sockets: &[BorrowedFd<'_>], events: i16, timeout_ms: i32, mut ready: impl FnMut(usize)) {
    let mut polled = [const { MaybeUninit::<libc::pollfd>::zeroed() }; WIDTH];
    let count = sockets.len().min(WIDTH);
    for (slot, socket) in polled.iter_mut().zip(sockets) {
        slot.write(libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 });
    }
    // SAFETY: the first `count` entries are written, and all of them are valid as zeroes anyway.
    let found = unsafe { libc::poll(polled.as_mut_ptr().cast(), count as _, timeout_ms) };
    if found <= 0 {
        return;
    }
    for (n, slot) in polled.iter().take(count).enumerate() {
        // SAFETY: as above.
        if unsafe { slot.assume_init_ref() }.revents != 0 {
            ready(n);
        }
    }
}

/// Sets the options of a DNS socket that may be refused without harm.
pub(super) fn tune(socket: BorrowedFd<'_>, v6: bool) {
    const RECEIVE_BUFFER: i32 = 4 << 20;
    if set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER).is_err() {
        let _ = set(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER);
    }
    if v6 {
        // Anycast: "packet too big" may reach another node, so never send what could need it.
        let _ = set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT);
        let _ = set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU, 1280);
    } else {
        let _ = set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT);
    }
}

/// Asks for the local address of each datagram: for sockets bound to all addresses.
pub(super) fn ask_local_address(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

/// Ties the calling thread to a CPU; not being allowed to does no harm.
pub(super) fn pin_to_cpu(cpu: usize) {
    // SAFETY: the set is a local of the size that is told; CPU_SET ignores numbers past its end.
    unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        if cpu < libc::CPU_SETSIZE as usize {
            libc::CPU_SET(cpu, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
        }
    }
}

fn set(socket: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value is a local int, and its size is told.
    let result = unsafe {
        let pointer = (&raw const value).cast();
        libc::setsockopt(socket.as_raw_fd(), level, name, pointer, size_of::<i32>() as u32)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The IP address in a socket address that the kernel wrote.
#[inline]
fn read_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let pointer = std::ptr::from_ref(storage);
    // SAFETY: a sockaddr_storage has the size and alignment of each address type, and the family
    // says which one it holds; all of them are plain integers.
    unsafe {
        match i32::from(storage.ss_family) {
            libc::AF_INET => {
                let v4 = &*pointer.cast::<libc::sockaddr_in>();
                let address = Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddr::new(IpAddr::V4(address), u16::from_be(v4.sin_port)))
            }
            libc::AF_INET6 => {
                let v6 = &*pointer.cast::<libc::sockaddr_in6>();
                let (address, port) =
                    (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
                let scope = v6.sin6_scope_id;
                Some(std::net::SocketAddrV6::new(address, port, v6.sin6_flowinfo, scope).into())
            }
            _ => None,
        }
    }
}
