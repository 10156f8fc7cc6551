//! Queries to all live nodes at a fixed rate, each asked once more if no answer came.

use gslb_tests::load::pacer::Pacer;
use gslb_tests::load::question;
use gslb_tests::load::random::Random;
use gslb_tests::load::template::{LONGEST, Template};
use gslb_tests::load::verdict::Expected;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long an answer is waited for, each time.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at what is due and what has come.
const TURN: Duration = Duration::from_micros(500);
/// Between two looks for queries without an answer.
const SWEEP: Duration = Duration::from_millis(50);
/// Wrong answers that are kept for the report.
const KEPT: usize = 5;

/// The addresses of the regions.
const ANY: &[[u8; 4]] = &[[198, 51, 100, 1], [198, 51, 100, 2], [198, 51, 100, 3]];
/// The address of the region that comes first.
const FIRST: &[[u8; 4]] = &[[198, 51, 100, 1]];
/// The address of a name that is not steered.
const STATIC: &[[u8; 4]] = &[[192, 0, 2, 80]];

/// What became of the queries so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) asked: u64,
    /// Those asked once more.
    pub(crate) again: u64,
    /// Not answered then either, although the node lived all the time.
    pub(crate) unanswered: u64,
    pub(crate) wrong: u64,
    /// The first few that went wrong.
    pub(crate) examples: Vec<String>,
}

impl Tally {
    /// What has been counted since another moment.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            asked: self.asked - before.asked,
            again: self.again - before.again,
            unanswered: self.unanswered - before.unanswered,
            wrong: self.wrong - before.wrong,
            examples: self.examples.clone(),
        }
    }
}

/// What the thread that asks shares with the faults.
struct Shared {
    ends: AtomicBool,
    /// Of each node, how often it came to life or went: it lives while that is odd.
    lives: Vec<AtomicU64>,
    tally: Mutex<Tally>,
}

impl Shared {
    fn life(&self, node: usize) -> u64 {
        self.lives[node].load(Ordering::SeqCst)
    }
}

/// The load; it ends with this value.
pub(crate) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Asks these nodes, which live, so many queries a second together.
    pub(crate) fn start(nodes: &[SocketAddr], rate: u64) -> Self {
        let lives = nodes.iter().map(|_| AtomicU64::new(1)).collect();
        let (ends, tally) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { ends, lives, tally });
        let mut asker = Asker::new(nodes, Arc::clone(&shared));
        let thread = std::thread::spawn(move || asker.run(rate));
        Self { shared, thread: Some(thread) }
    }

    /// From here on nothing is expected of a node, or all again.
    pub(crate) fn set_live(&self, node: usize, live: bool) {
        let is_live = self.shared.life(node) % 2 == 1;
        if live != is_live {
            self.shared.lives[node].fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.shared.tally.lock().expect("the asker does not panic with it").clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the thread that asks has failed");
        }
    }
}

/// A query without an answer yet.
struct Pending {
    sent: Instant,
    life: u64,
    kind: usize,
    mark: u64,
    again: bool,
}

/// The thread that asks.
struct Asker {
    sockets: Vec<UdpSocket>,
    kinds: Vec<(Template, Expected)>,
    pending: HashMap<(usize, u16), Pending>,
    next: u16,
    turn: usize,
    random: Random,
    shared: Arc<Shared>,
}

impl Asker {
    fn new(nodes: &[SocketAddr], shared: Arc<Shared>) -> Self {
        let connect = |node: &SocketAddr| {
            let socket = UdpSocket::bind(("0.0.0.0", 0)).expect("a port is free");
            socket.connect(node).expect("the address can be connected to");
            socket.set_nonblocking(true).expect("a socket that does not block");
            socket
        };
        let kinds = vec![
            (Template::new("www-static.shop.example."), Expected::OneOf(STATIC)),
            (Template::new("www.shop.example."), Expected::OneOf(FIRST)),
            (Template::new("near.shop.example."), Expected::OneOf(ANY)),
            (Template::new("shares.shop.example."), Expected::OneOf(ANY)),
            (Template::below("shop.example."), Expected::NoSuchName),
        ];
        let sockets = nodes.iter().map(connect).collect();
        let (pending, random) = (HashMap::new(), Random::new(1));
        Self { sockets, kinds, pending, next: 0, turn: 0, random, shared }
    }

    fn run(&mut self, rate: u64) {
        let start = Instant::now();
        let ns = || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut pacer = Pacer::new(rate, 0);
        let mut sweep = start + SWEEP;
        while !self.shared.ends.load(Ordering::Relaxed) {
            let due = pacer.due(ns());
            for _ in 0..due {
                self.ask_next();
            }
            pacer.sent(due);
            for node in 0..self.sockets.len() {
                self.receive(node);
            }
            if Instant::now() >= sweep {
                self.sweep();
                sweep = Instant::now() + SWEEP;
            }
            std::thread::park_timeout(TURN);
        }
    }

    /// Asks the next node that lives.
    fn ask_next(&mut self) {
        let kind = self.random.below(self.kinds.len());
        for _ in 0..self.sockets.len() {
            self.turn = (self.turn + 1) % self.sockets.len();
            if self.shared.life(self.turn) % 2 == 1 {
                self.count(|tally| tally.asked += 1);
                return self.send(self.turn, kind, false);
            }
        }
    }

    fn send(&mut self, node: usize, kind: usize, again: bool) {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let mut query = [0; LONGEST];
        let length = self.kinds[kind].0.write(id, &mut self.random, &mut query);
        let mark = question::mark(&query[..length]).expect("a template has a question");
        let life = self.shared.life(node);
        self.pending.insert((node, id), Pending { sent: Instant::now(), life, kind, mark, again });
        // What the kernel does not take is a query without an answer.
        let _ = self.sockets[node].send(&query[..length]);
    }

    fn receive(&mut self, node: usize) {
        let mut buffer = [0; 2048];
        while let Ok(length) = self.sockets[node].recv(&mut buffer) {
            let message = &buffer[..length];
            let Some(id) = message.first_chunk::<2>().map(|id| u16::from_be_bytes(*id)) else {
                continue;
            };
            let fits = |p: &Pending| question::mark(message) == Some(p.mark);
            if !self.pending.get(&(node, id)).is_some_and(fits) {
                continue;
            }
            let Some(pending) = self.pending.remove(&(node, id)) else { continue };
            let (_, expected) = &self.kinds[pending.kind];
            if !expected.fits(message) {
                let what = format!("node {node}, {expected:?}: {message:02x?}");
                self.count(|tally| {
                    tally.wrong += 1;
                    tally.keep(what);
                });
            }
        }
    }

    /// Asks once more what has no answer yet, or gives it up.
    fn sweep(&mut self) {
        let late = |p: &Pending| p.sent.elapsed() > PATIENCE;
        let keys: Vec<(usize, u16)> =
            self.pending.iter().filter(|(_, p)| late(p)).map(|(key, _)| *key).collect();
        for key in keys {
            let Some(pending) = self.pending.remove(&key) else { continue };
            let life = self.shared.life(key.0);
            if life != pending.life || life.is_multiple_of(2) {
                continue;
            }
            if !pending.again {
                self.count(|tally| tally.again += 1);
                self.send(key.0, pending.kind, true);
                continue;
            }
            let what = format!("node {}: no answer, kind {}", key.0, pending.kind);
            self.count(|tally| {
                tally.unanswered += 1;
                tally.keep(what);
            });
        }
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.shared.tally.lock().expect("nobody panics with it"));
    }
}

impl Tally {
    fn keep(&mut self, what: String) {
        if self.examples.len() < KEPT {
            self.examples.push(what);
        }
    }
}
