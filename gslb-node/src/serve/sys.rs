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

use crate::answer::Incoming;
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

/// Stands for a source that is no IP address.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The local address that a datagram came to, ready to be sent back with.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control {
    bytes: [u8; CONTROL],
    length: usize,
}

/// A buffer, and a gap that puts the next one into other sets of the cache: at distances of a power
/// of two all of them would crowd into a few.
#[repr(C, align(64))]
struct Buffer {
    bytes: [u8; ROOM],
    gap: [u8; 64],
}

/// Room for `WIDTH` datagrams and all that the kernel wants to know of them.
#[repr(C)]
struct Storage {
    headers: [libc::mmsghdr; WIDTH],
    vectors: [libc::iovec; WIDTH],
    sources: [libc::sockaddr_storage; WIDTH],
    controls: [Control; WIDTH],
    buffers: [Buffer; WIDTH],
}

/// A batch of datagrams: received, answered in place, sent.
pub(super) struct Batch {
    storage: NonNull<Storage>,
    /// Whether the local address is asked for, and used as the source of the answer.
    wildcard: bool,
    received: usize,
    kept: usize,
    /// Whether headers were moved, so that they no longer stand at their own number.
    moved: bool,
}

/// One received datagram.
pub(super) struct Datagram<'a> {
    /// The datagram, and room for its answer.
    pub(super) buffer: &'a mut [u8; ROOM],
    pub(super) length: usize,
    pub(super) source: SocketAddr,
}

// SAFETY: the storage is owned by the batch alone, and nothing in it is tied to a thread.
unsafe impl Send for Batch {}

impl Batch {
    /// An empty batch; `wildcard` for sockets with [`ask_local_address`].
    pub(super) fn new(wildcard: bool) -> Self {
        // SAFETY: all fields are integers, byte arrays or pointers, for which zero is a value.
        let storage: Box<Storage> = unsafe { Box::<Storage>::new_zeroed().assume_init() };
        let storage = NonNull::from(Box::leak(storage));
        let mut batch = Self { storage, wildcard, received: WIDTH, kept: 0, moved: true };
        batch.reset();
        batch
    }

    /// Points every header at its own vector, source and control room.
    fn point(&mut self) {
        let raw = self.storage.as_ptr();
        for n in 0..WIDTH {
            // SAFETY: n is below the length of each array; the pointers are derived from the raw
            // pointer to the whole and stay valid as long as the batch.
            unsafe {
                let vector = &raw mut (*raw).vectors[n];
                (*vector).iov_base = (&raw mut (*raw).buffers[n].bytes).cast();
                let header = &raw mut (*raw).headers[n].msg_hdr;
                (*header).msg_name = (&raw mut (*raw).sources[n]).cast();
                (*header).msg_iov = vector;
                (*header).msg_iovlen = 1;
                if self.wildcard {
                    (*header).msg_control = (&raw mut (*raw).controls[n].bytes).cast();
                }
            }
        }
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

    /// Every datagram that was received; from nowhere if its source is no IP address.
    #[inline]
    pub(super) fn messages(&self) -> impl Iterator<Item = Incoming<'_>> + Clone {
        (0..self.received).map(|n| {
            // SAFETY: n is below WIDTH, and the borrow of `self` keeps anybody else from writing.
            let (length, bytes, source) = unsafe {
                let raw = self.storage.as_ptr();
                let length = (&raw const (*raw).headers[n].msg_len).read();
                (length, &(*raw).buffers[n].bytes, &(*raw).sources[n])
            };
            let source = read_address(source).map_or(NOWHERE, |source| source.ip().to_canonical());
            Incoming { bytes: &bytes[..(length as usize).min(ROOM)], source }
        })
    }

    /// The datagram of that number; `None` past the last, or if its source is no IP address.
    ///
    /// Ask before [`keep`](Self::keep) is called for this one or a later one.
    #[inline]
    pub(super) fn datagram(&mut self, n: usize) -> Option<Datagram<'_>> {
        if n >= self.received {
            return None;
        }
        // SAFETY: n is below WIDTH, and the borrow of `self` keeps anybody else from the storage.
        unsafe {
            let raw = self.storage.as_ptr();
            let length = (&raw const (*raw).headers[n].msg_len).read();
            Some(Datagram {
                buffer: &mut (*raw).buffers[n].bytes,
                length: (length as usize).min(ROOM),
                source: read_address(&(*raw).sources[n])?,
            })
        }
    }

    /// The local address that datagram `n` came to; as for [`datagram`](Self::datagram).
    pub(super) fn control(&self, n: usize) -> Control {
        let n = n.min(WIDTH - 1);
        // SAFETY: n is below WIDTH; both fields are plain data.
        unsafe {
            let raw = self.storage.as_ptr();
            let mut control = (&raw const (*raw).controls[n]).read();
            let length = (&raw const (*raw).headers[n].msg_hdr.msg_controllen).read();
            control.length = if self.wildcard { length as _ } else { 0 };
            control
        }
    }

    /// Marks the first `length` bytes of the buffer of datagram `n` to be sent to its source.
    ///
    /// Datagrams are kept in the order of their numbers.
    #[inline]
    pub(super) fn keep(&mut self, n: usize, length: usize) {
        if n >= self.received || self.kept > n {
            return;
        }
        // SAFETY: both numbers are below WIDTH; the vector of datagram n says no more than the size
        // of its buffer, and its header still stands at n, as only earlier places were written.
        unsafe {
            let raw = self.storage.as_ptr();
            (*raw).vectors[n].iov_len = length.min(ROOM);
            if self.kept < n {
                // Something before it is not answered: the headers that are sent close up.
                let header = (&raw const (*raw).headers[n]).read();
                (&raw mut (*raw).headers[self.kept]).write(header);
                self.moved = true;
            }
        }
        self.kept += 1;
    }

    /// Sends what was kept; returns how many datagrams the kernel did not take.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let (mut done, mut unsent, mut waited) = (0, 0, false);
        while done < self.kept {
            // SAFETY: headers done..kept are those that `keep` was told of.
            let count = unsafe {
                let first =
                    (&raw mut (*self.storage.as_ptr()).headers).cast::<libc::mmsghdr>().add(done);
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
        if std::mem::take(&mut self.moved) {
            self.point();
            self.received = WIDTH;
        }
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

/// The CPUs that the calling thread may use; none if the system does not tell.
fn usable_cpus() -> Vec<usize> {
    // SAFETY: the set is a local of the size that is told, and CPU numbers are below CPU_SETSIZE.
    unsafe {
        let mut allowed: libc::cpu_set_t = zeroed();
        if libc::sched_getaffinity(0, size_of_val(&allowed), &raw mut allowed) != 0 {
            return Vec::new();
        }
        (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &allowed)).collect()
    }
}

/// Ties the calling thread to the `n`-th of the CPUs that it may use; not being allowed to does no
/// harm.
pub(super) fn pin_to_cpu(n: usize) {
    let Some(cpu) = usable_cpus().get(n).copied() else { return };
    // SAFETY: the set is a local of the size that is told, and the CPU is one of a set of that size.
    unsafe {
        let mut one: libc::cpu_set_t = zeroed();
        libc::CPU_SET(cpu, &mut one);
        libc::sched_setaffinity(0, size_of_val(&one), &raw const one);
    }
}

/// Has the calling thread go before all others of the process, where that is allowed (CAP_SYS_NICE).
pub(super) fn go_first() {
    set_nice(-10);
}

/// Has the calling thread stand back behind the others of the process, for good.
pub fn stand_back() {
    set_nice(5);
}

fn set_nice(nice: i32) {
    // SAFETY: the call takes three integers; 0 means the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
}

/// Has the C library give large blocks back as soon as they are freed. By itself it raises its
/// threshold to the largest block that was ever freed, up to 32 MiB, and keeps what is below: tens of
/// MiB after a large zone. Called once, before the node has threads.
pub fn keep_no_large_blocks() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the calls take integers and change two settings of the allocator.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE_BLOCK);
    }
}

/// Bytes from which on a block is the system's rather than the allocator's.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK: libc::c_int = 256 << 10;

/// Gives memory that was freed back to the system: the C library would keep it for later, and a
/// large zone takes several times its size while it is compiled.
pub fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes an integer and only touches memory that is free.
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Has the kernel give a datagram to the socket whose thread is tied to the CPU that received it,
/// for all `sockets` that share the port, in the order of binding; attached to one of them.
///
/// A CPU that has no thread of its own is served by that of its number modulo the sockets.
pub(super) fn steer_by_cpu(socket: BorrowedFd<'_>, sockets: usize) -> io::Result<()> {
    let step = |code: u32, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let cpu = (libc::SKF_AD_OFF + libc::SKF_AD_CPU) as u32;
    let mut steps = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, cpu)];
    for (position, cpu) in usable_cpus().into_iter().take(sockets).enumerate() {
        steps.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, cpu as u32));
        steps.push(step(libc::BPF_RET | libc::BPF_K, 0, position as u32));
    }
    steps.push(step(libc::BPF_ALU | libc::BPF_MOD | libc::BPF_K, 0, sockets.max(1) as u32));
    steps.push(step(libc::BPF_RET | libc::BPF_A, 0, 0));
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    set_value(socket, libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF, &program)
}

/// Datagrams that the kernel dropped at this socket since it was opened, most of them because the
/// receive buffer was full.
///
/// The count is the one that SO_RXQ_OVFL tells with every datagram. Asked for when somebody looks,
/// it costs a query nothing, and is told even if no datagram comes any more.
pub(super) fn drops(socket: BorrowedFd<'_>) -> u32 {
    /// SK_MEMINFO_DROPS, and how many numbers there are, of linux/sock_diag.h.
    const DROPS: usize = 8;
    let mut numbers = [0_u32; DROPS + 1];
    let mut size = size_of_val(&numbers) as libc::socklen_t;
    // SAFETY: the array is a local, and its size is told.
    let result = unsafe {
        let to = numbers.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO, to, &raw mut size)
    };
    if result == 0 { numbers[DROPS] } else { 0 }
}

fn set(socket: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_value(socket, level, name, &value)
}

fn set_value<T>(socket: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer is to a value whose size is told, and the kernel only reads it.
    let result = unsafe {
        let pointer = std::ptr::from_ref(value).cast();
        libc::setsockopt(socket.as_raw_fd(), level, name, pointer, size_of::<T>() as u32)
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
