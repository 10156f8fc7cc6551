//! A UDP worker: one thread that receives, answers and sends in batches.

use super::slow::{SlowJob, SlowSender};
use super::socket::WAKE;
use super::sys::{self, Batch, WIDTH};
use crate::answer::glance::MOST;
use crate::answer::{
    Glance, Meta, Verdict, Worker, answer, answer_glanced, look_at_all, refuse_by_panic,
};
use crate::clock;
use crate::compile::Published;
use crate::publish::{Publication, Reader};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Batches that are taken from one of several sockets before the others have their turn: a flood on
/// one address must not silence the rest, nor keep the worker from stopping.
const ROUND: usize = 8;

// A datagram past those that are looked at would be answered by what was seen before it.
const _: () = assert!(WIDTH <= MOST);

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
    glances: Box<[Glance]>,
}

/// What holds for all answers of a batch.
#[derive(Clone, Copy)]
struct Moment<'p> {
    published: &'p Published,
    now_s: u64,
    stale: bool,
}

impl UdpWorker {
    /// Answers until it is told to stop.
    pub(super) fn run(mut self) {
        if let Some(cpu) = self.cpu {
            sys::pin_to_cpu(cpu);
        }
        sys::go_first();
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
        let (now_s, stale) = (clock::unix_ms() / 1000, self.publication.is_stale());
        let moment = Moment { published, now_s, stale };
        let look = AssertUnwindSafe(|| {
            look_at_all(&mut lane.glances, published, lane.batch.messages());
        });
        let mut next = 0;
        if catch_unwind(look).is_err() {
            self.answer_alone(lane, count, moment);
            next = count;
        }
        while next < count {
            let rest = AssertUnwindSafe(|| self.answer_from(lane, &mut next, count, moment));
            if catch_unwind(rest).is_err() {
                self.refuse(lane, next, moment);
                next += 1;
            }
        }
        for _ in 0..lane.batch.send(lane.socket.as_fd()) {
            self.worker.counters().unsent.add();
        }
        count
    }

    /// Answers a batch whose look panicked: each datagram by itself, so that only one is lost.
    #[cold]
    fn answer_alone(&mut self, lane: &mut Lane, count: usize, moment: Moment<'_>) {
        for n in 0..count {
            let Some(datagram) = lane.batch.datagram(n) else { continue };
            let (worker, meta) = (&mut self.worker, moment.meta(datagram.source));
            let (buffer, length) = (datagram.buffer, datagram.length);
            let alone =
                AssertUnwindSafe(|| answer(worker, moment.published, buffer, length, &meta));
            match catch_unwind(alone) {
                Ok(Verdict::Send(length)) => lane.batch.keep(n, length),
                Ok(Verdict::Drop) => {}
                Ok(Verdict::Slow) => self.pass_on(lane, n),
                Err(_) => self.refuse(lane, n, moment),
            }
        }
    }

    /// Answers the datagrams from number `next` on; after a panic `next` is the one that caused it.
    fn answer_from(&mut self, lane: &mut Lane, next: &mut usize, count: usize, moment: Moment<'_>) {
        while *next < count {
            if let Some(length) = self.one(lane, *next, moment) {
                lane.batch.keep(*next, length);
            }
            *next += 1;
        }
    }

    /// Answers datagram `n` in its buffer; returns the length of what is to be sent.
    #[inline]
    fn one(&mut self, lane: &mut Lane, n: usize, moment: Moment<'_>) -> Option<usize> {
        let (datagram, glance) = (lane.batch.datagram(n)?, lane.glances.get(n)?);
        if datagram.source.port() == 0 {
            self.worker.counters().dropped.add();
            return None;
        }
        let meta = moment.meta(datagram.source);
        match answer_glanced(&mut self.worker, moment.published, datagram.buffer, &meta, glance) {
            Verdict::Send(length) => Some(length),
            Verdict::Drop => None,
            Verdict::Slow => {
                self.pass_on(lane, n);
                None
            }
        }
    }

    /// Hands an odd query to the slow path.
    #[cold]
    fn pass_on(&mut self, lane: &mut Lane, n: usize) {
        let control = lane.batch.control(n);
        let Some(datagram) = lane.batch.datagram(n) else { return };
        let query = datagram.buffer.get(..datagram.length).unwrap_or_default().to_vec();
        let (source, socket) = (datagram.source, Arc::clone(&lane.socket));
        if !self.slow.offer(SlowJob { query, source, control, socket }) {
            self.worker.counters().slow_full.add();
        }
    }

    /// Answers a query whose handling panicked.
    #[cold]
    fn refuse(&mut self, lane: &mut Lane, n: usize, moment: Moment<'_>) {
        let Some(datagram) = lane.batch.datagram(n) else { return };
        let meta = moment.meta(datagram.source);
        if let Verdict::Send(length) = refuse_by_panic(&mut self.worker, datagram.buffer, &meta) {
            lane.batch.keep(n, length);
        }
    }
}

impl Moment<'_> {
    #[inline]
    fn meta(&self, source: SocketAddr) -> Meta {
        let source = source.ip().to_canonical();
        Meta { source, tcp: false, now_s: self.now_s, stale: self.stale }
    }
}

impl Lane {
    fn new(socket: Arc<UdpSocket>) -> Self {
        let wildcard = socket.local_addr().is_ok_and(|address| address.ip().is_unspecified());
        let glances = vec![Glance::default(); WIDTH].into_boxed_slice();
        Self { socket, batch: Batch::new(wildcard), glances }
    }
}
