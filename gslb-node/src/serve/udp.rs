//! A UDP worker: one thread that receives, answers and sends in batches.

use super::slow::{SlowJob, SlowSender};
use super::socket::WAKE;
use super::sys::{self, Batch, WIDTH};
use crate::answer::{Meta, Verdict, Worker, answer, refuse_by_panic};
use crate::clock;
use crate::compile::Published;
use crate::publish::{Publication, Reader};
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Batches that are taken from one of several sockets before the others have their turn: a flood on
/// one address must not silence the rest, nor keep the worker from stopping.
const ROUND: usize = 8;

/// One UDP thread and all that it uses.
pub(super) struct UdpWorker {
    pub(super) worker: Worker,
    /// One socket for each address.
    pub(super) sockets: Vec<Arc<UdpSocket>>,
    pub(super) publication: Arc<Publication>,
    pub(super) slow: SlowSender,
    pub(super) stop: Arc<AtomicBool>,
    /// The CPU to be tied to.
    pub(super) cpu: Option<usize>,
}

/// A socket with its batch.
struct Lane {
    socket: Arc<UdpSocket>,
    batch: Batch,
}

impl UdpWorker {
    /// Answers until it is told to stop.
    pub(super) fn run(mut self) {
        if let Some(cpu) = self.cpu {
            sys::pin_to_cpu(cpu);
        }
        let mut reader = self.publication.reader();
        let sockets = std::mem::take(&mut self.sockets);
        let descriptors: Vec<BorrowedFd<'_>> =
            sockets.iter().map(|socket| socket.as_fd()).collect();
        let mut lanes: Vec<Lane> =
            sockets.iter().map(|socket| Lane::new(Arc::clone(socket))).collect();
        while !self.stop.load(Ordering::Relaxed) {
            if let [lane] = lanes.as_mut_slice() {
                self.turn(lane, &mut reader, true);
            } else {
                self.turn_all(&mut lanes, &descriptors, &mut reader);
            }
        }
    }

    /// Waits for any of several sockets, and empties those that have something.
    fn turn_all(&mut self, lanes: &mut [Lane], sockets: &[BorrowedFd<'_>], reader: &mut Reader) {
        let mut ready = [false; WIDTH];
        sys::wait_readable(sockets, WAKE.as_millis() as i32, |n| {
            if let Some(ready) = ready.get_mut(n) {
                *ready = true;
            }
        });
        // Also without a query: an idle worker must not hold on to a replaced set.
        reader.current();
        for (lane, _) in lanes.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            for _ in 0..ROUND {
                if self.turn(lane, reader, false) < WIDTH {
                    break;
                }
            }
        }
    }

    /// One batch; returns how many datagrams it had.
    fn turn(&mut self, lane: &mut Lane, reader: &mut Reader, wait: bool) -> usize {
        let count = match lane.batch.receive(lane.socket.as_fd(), wait) {
            Ok(count) => count,
            Err(error) => {
                tracing::error!(%error, "cannot receive DNS queries; trying again");
                sys::wait_readable(&[], WAKE.as_millis() as i32, |_| {});
                return 0;
            }
        };
        if count == 0 {
            reader.current();
            return 0;
        }
        let published = reader.current();
        let now_s = clock::unix_ms() / 1000;
        let stale = self.publication.is_stale();
        for n in 0..count {
            if let Some(length) = self.one(lane, n, published, now_s, stale) {
                lane.batch.keep(n, length);
            }
        }
        for _ in 0..lane.batch.send(lane.socket.as_fd()) {
            self.worker.counters().unsent.add();
        }
        count
    }

    /// Answers datagram `n` in its buffer; returns the length of what is to be sent.
    #[inline]
    fn one(
        &mut self,
        lane: &mut Lane,
        n: usize,
        published: &Published,
        now_s: u64,
        stale: bool,
    ) -> Option<usize> {
        let datagram = lane.batch.datagram(n)?;
        if datagram.source.port() == 0 {
            self.worker.counters().dropped.add();
            return None;
        }
        let meta = Meta { source: datagram.source.ip().to_canonical(), tcp: false, now_s, stale };
        let (worker, buffer, length) = (&mut self.worker, datagram.buffer, datagram.length);
        let verdict =
            catch_unwind(AssertUnwindSafe(|| answer(worker, published, buffer, length, &meta)));
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(_) => refuse_by_panic(&mut self.worker, buffer, &meta),
        };
        match verdict {
            Verdict::Send(length) => Some(length),
            Verdict::Drop => None,
            Verdict::Slow => {
                let query = buffer.get(..length)?.to_vec();
                let (source, control) = (datagram.source, datagram.control);
                let socket = Arc::clone(&lane.socket);
                if !self.slow.offer(SlowJob { query, source, control, socket }) {
                    self.worker.counters().slow_full.add();
                }
                None
            }
        }
    }
}

impl Lane {
    fn new(socket: Arc<UdpSocket>) -> Self {
        let wildcard = socket.local_addr().is_ok_and(|address| address.ip().is_unspecified());
        Self { socket, batch: Batch::new(wildcard) }
    }
}
