//! The client: one thread that asks one server, in a closed loop or at a fixed rate.

use crate::batch::BATCH;
use crate::socket::Socket;
use crate::tally::Tally;
use gslb_tests::load::flight::Flight;
use gslb_tests::load::pacer::Pacer;
use gslb_tests::load::question;
use gslb_tests::load::random::Random;
use gslb_tests::load::template::Template;
use gslb_tests::load::verdict::Expected;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// A query that is not answered by then is given up.
const GIVEN_UP: Duration = Duration::from_millis(500);
/// A gap between two looks of the client at its sockets that is its own pause, and not the
/// server's.
const PAUSE_NS: u64 = 1_000_000;
/// Between two looks for queries to give up.
const SWEEP_NS: u64 = 50_000_000;

/// How fast a client asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many queries are in flight at a time: what the server can do.
    Closed {
        /// Over all sockets.
        in_flight: usize,
    },
    /// So many queries a second, whatever comes back: how long the server takes.
    Fixed {
        /// Queries a second.
        rate: u64,
    },
}

/// Several sockets that ask one server the queries of one scenario.
pub(crate) struct Client {
    lanes: Vec<Lane>,
    templates: Vec<Template>,
    expected: Expected,
    random: Random,
    start: Instant,
}

/// A socket and its queries in flight.
struct Lane {
    socket: Socket,
    flight: Flight,
}

/// A slice that is under way.
struct Run {
    tally: Tally,
    /// The last look at the sockets.
    looked_ns: u64,
    /// Queries sent before count no latency.
    timed_from_ns: u64,
    /// When the queries to give up are looked for again.
    sweep_ns: u64,
}

impl Client {
    /// Connects `sockets` sockets to `server`, from `sources` in turn.
    pub(crate) fn new(
        server: SocketAddr,
        sockets: u64,
        sources: &[Ipv4Addr],
        templates: Vec<Template>,
        expected: Expected,
        seed: u64,
    ) -> Self {
        let sources = sources.iter().cycle().take(sockets as usize);
        let connect =
            |s: &Ipv4Addr| Lane { socket: Socket::connect(*s, server), flight: Flight::default() };
        let lanes = sources.map(connect).collect();
        Self { lanes, templates, expected, random: Random::new(seed), start: Instant::now() }
    }

    /// Asks for `length`, then waits until everything is answered or given up.
    pub(crate) fn run(&mut self, pace: Pace, length: Duration) -> Tally {
        let begin = self.now();
        let end = begin + length.as_nanos() as u64;
        let mut run = Run {
            tally: Tally { lasted: length, ..Tally::default() },
            looked_ns: begin,
            timed_from_ns: begin,
            sweep_ns: begin + SWEEP_NS,
        };
        let mut pacer = match pace {
            Pace::Fixed { rate } => Some(Pacer::new(rate, begin)),
            Pace::Closed { .. } => None,
        };
        let mut turn = 0;
        loop {
            let now = self.now();
            run.look(now, pacer.as_mut());
            if now < end {
                match (&mut pacer, pace) {
                    (Some(pacer), _) => self.send_due(pacer, &mut turn, &mut run),
                    (None, Pace::Closed { in_flight }) => self.fill(in_flight, &mut run),
                    (None, Pace::Fixed { .. }) => unreachable!("a fixed rate has a pacer"),
                }
            } else if self.lanes.iter().all(|lane| lane.flight.open() == 0) {
                return run.tally;
            }
            let received: usize =
                (0..self.lanes.len()).map(|number| self.receive(number, &mut run)).sum();
            if received == 0 {
                // The kernel may have put off deliveries to a thread of this core, and on a
                // machine of one core the server waits for it.
                std::thread::yield_now();
            }
            if now > run.sweep_ns {
                run.sweep_ns = now + SWEEP_NS;
                let before = now.saturating_sub(GIVEN_UP.as_nanos() as u64);
                let lost = self.lanes.iter_mut().map(|lane| lane.flight.expire(before));
                run.tally.unanswered += lost.sum::<u64>();
            }
        }
    }

    /// Nanoseconds since the client was made; never 0.
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64 + 1
    }

    /// Sends what is due, socket by socket in turn.
    fn send_due(&mut self, pacer: &mut Pacer, turn: &mut usize, run: &mut Run) {
        for _ in 0..pacer.due(self.now()).min(BATCH as u64) {
            *turn = (*turn + 1) % self.lanes.len();
            self.send(*turn, 1, run);
            // Also if the kernel refuses it: that is told, and a second try would be late.
            pacer.sent(1);
        }
    }

    /// Sends until every socket has its share in flight.
    fn fill(&mut self, in_flight: usize, run: &mut Run) {
        let share = in_flight.div_ceil(self.lanes.len());
        for number in 0..self.lanes.len() {
            let room = share.saturating_sub(self.lanes[number].flight.open());
            self.send(number, room.min(BATCH), run);
        }
    }

    fn send(&mut self, number: usize, count: usize, run: &mut Run) {
        if count == 0 {
            return;
        }
        let now = self.now();
        let lane = &mut self.lanes[number];
        for n in 0..count {
            let template = &self.templates[self.random.below(self.templates.len())];
            let (id, random) = (lane.flight.next_id(), &mut self.random);
            let query = lane.socket.put(n, |buffer| template.write(id, random, buffer));
            let mark = question::mark(query).expect("a template has a question");
            run.tally.unanswered += lane.flight.send(now, mark);
        }
        let taken = lane.socket.send(count);
        lane.flight.take_back(count - taken);
        run.tally.sent += taken as u64;
    }

    /// Takes what is there, and gives how many datagrams that were.
    fn receive(&mut self, number: usize, run: &mut Run) -> usize {
        let count = self.lanes[number].socket.receive();
        if count == 0 {
            return 0;
        }
        let now = self.now();
        let lane = &mut self.lanes[number];
        for n in 0..count {
            let message = lane.socket.received(n);
            let id = message.first_chunk::<2>().map(|id| u16::from_be_bytes(*id));
            let sent = id.zip(question::mark(message)).and_then(|(i, m)| lane.flight.answer(i, m));
            let Some(sent) = sent else {
                run.tally.stray += 1;
                continue;
            };
            run.tally.answered += 1;
            run.tally.wrong += u64::from(!self.expected.fits(message));
            if sent < run.timed_from_ns || now - run.looked_ns > PAUSE_NS {
                run.tally.untimed += 1;
            } else {
                run.tally.latency.record(now - sent);
            }
        }
        count
    }
}

impl Run {
    /// Looks at the clock once a turn: a long gap was the client's own, and no query in it is
    /// timed.
    fn look(&mut self, now: u64, pacer: Option<&mut Pacer>) {
        let gap = now - self.looked_ns;
        if gap > PAUSE_NS {
            self.tally.pauses += 1;
            self.timed_from_ns = now;
            if let Some(pacer) = pacer {
                pacer.pause(gap);
            }
        }
        self.looked_ns = now;
    }
}
