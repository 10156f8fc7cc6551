//! What concurrent clients are told of weights is linearizable, whatever becomes of the nodes.

use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::history::{self, Ask, Held, Operation};
use gslb_tests::load::random::Random;
use gslb_tests::operator::{Operator, Said};
use gslb_tests::wait;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The regions whose runtime weights are the registers.
const REGIONS: [&str; 2] = ["fra", "iad"];
const CLIENTS: usize = 3;
/// What each client does.
const STEPS: usize = 70;
/// Between two disturbances, over all clients.
const APART: usize = 25;

/// What the clients share.
struct Shared {
    start: Instant,
    /// The next weight of each register: no two writes are alike.
    fresh: [AtomicU64; REGIONS.len()],
    histories: [Mutex<Vec<Operation>>; REGIONS.len()],
    done: AtomicUsize,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap()
    }

    fn record(&self, register: usize, client: usize, from: u64, to: Option<u64>, ask: Ask) {
        self.histories[register].lock().unwrap().push(Operation { client, from, to, ask });
    }
}

/// The code of a command that failed.
fn code(said: &Said) -> String {
    let text = if said.err.trim().is_empty() { &said.out } else { &said.err };
    let body: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    body["code"].as_str().unwrap_or("none").to_owned()
}

/// A client that starts with the node of its number.
struct Client<'a> {
    number: usize,
    operator: Operator,
    shared: &'a Shared,
    random: Random,
    /// What it saw last of each register: the weight, and where it was set.
    seen: [(Held, String); REGIONS.len()],
}

impl Client<'_> {
    fn step(&mut self) {
        match self.random.below(10) {
            0..4 => self.read(),
            4..7 => self.write(),
            _ => self.swap(),
        }
        self.shared.done.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&mut self) {
        let from = self.shared.now();
        let said = self.operator.attempt("weights --consistency linearizable --json", &[]);
        let to = self.shared.now();
        if said.code != 0 {
            return;
        }
        let reply = said.json();
        let lines = reply["weights"].as_array().unwrap();
        let set: BTreeMap<&str, &serde_json::Value> =
            lines.iter().map(|line| (line["region"].as_str().unwrap(), line)).collect();
        for (register, region) in REGIONS.iter().enumerate() {
            let line = set.get(region);
            let held = line.map(|line| line["weight"].as_u64().unwrap());
            let changed = line.map_or("none", |line| line["changed"].as_str().unwrap());
            self.seen[register] = (held, changed.to_owned());
            self.shared.record(register, self.number, from, Some(to), Ask::Read(held));
        }
    }

    fn write(&mut self) {
        let (register, new) = self.next();
        let (from, said, to) = self.set(register, new, "");
        let ask = Ask::Write(Some(new));
        match (said.code, code(&said).as_str()) {
            (0, _) => self.shared.record(register, self.number, from, Some(to), ask),
            (_, "unknown_outcome") => self.shared.record(register, self.number, from, None, ask),
            // Nothing was changed.
            _ => {}
        }
    }

    fn swap(&mut self) {
        let (register, new) = self.next();
        let (seen, changed) = self.seen[register].clone();
        let (from, said, to) = self.set(register, new, &format!("--expect {changed}"));
        let ask = |took| Ask::Swap { seen, new: Some(new), took };
        let record = |to, ask| self.shared.record(register, self.number, from, to, ask);
        match (said.code, code(&said).as_str()) {
            (0, _) => record(Some(to), ask(Some(true))),
            (_, "conflict") => record(Some(to), ask(Some(false))),
            (_, "unknown_outcome") => record(None, ask(None)),
            _ => {}
        }
    }

    fn next(&mut self) -> (usize, u64) {
        let register = self.random.below(REGIONS.len());
        (register, self.shared.fresh[register].fetch_add(1, Ordering::Relaxed))
    }

    fn set(&self, register: usize, weight: u64, more: &str) -> (u64, Said, u64) {
        let from = self.shared.now();
        let line = format!("set-weight {} {weight} {more} --json", REGIONS[register]);
        let said = self.operator.attempt(&line, &[]);
        (from, said, self.shared.now())
    }
}

/// A context that asks the node of this number first.
pub(crate) fn first(cluster: &Cluster, number: usize) -> Operator {
    context(cluster, &format!("first-{number}"), |servers| servers.rotate_left(number))
}

/// A context that asks the node of this number and no other.
pub(crate) fn only(cluster: &Cluster, number: usize) -> Operator {
    context(cluster, &format!("only-{number}"), |servers| *servers = vec![servers[number].clone()])
}

fn context(cluster: &Cluster, name: &str, change: impl Fn(&mut Vec<toml::Value>)) -> Operator {
    let path = cluster.operator.context();
    let text = std::fs::read_to_string(path).unwrap();
    let mut file: toml::Table = text.parse().unwrap();
    change(file["servers"].as_array_mut().unwrap());
    let own = path.with_file_name(format!("ctl-{name}.toml"));
    std::fs::write(&own, file.to_string()).unwrap();
    Operator::new(&own)
}

#[test]
fn weights_are_linearizable_while_leaders_die_and_freeze() {
    let mut cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&[]));
    let mut turn = 0;
    judge(&mut cluster, |cluster, pass| {
        let leader = cluster.leader();
        let node = &mut cluster.nodes[leader];
        turn += 1;
        if turn % 2 == 1 {
            node.kill();
            pass();
            node.start();
        } else {
            // It finds others that lead when it wakes up, and must not answer by what it has.
            node.process().signal("STOP");
            pass();
            node.process().signal("CONT");
        }
    });
}

/// Has clients set and read weights while `disturb` does something and takes it back, again and again;
/// what it is given waits until the clients have gone on meanwhile. Then judges what they were told.
pub(crate) fn judge(cluster: &mut Cluster, mut disturb: impl FnMut(&mut Cluster, &dyn Fn())) {
    let shared = Shared {
        start: Instant::now(),
        fresh: [(); REGIONS.len()].map(|()| AtomicU64::new(1)),
        histories: [(); REGIONS.len()].map(|()| Mutex::default()),
        done: AtomicUsize::new(0),
    };
    let operators: Vec<Operator> = (0..CLIENTS).map(|number| first(cluster, number)).collect();
    std::thread::scope(|scope| {
        for (number, operator) in operators.into_iter().enumerate() {
            let shared = &shared;
            scope.spawn(move || {
                let seen = [(); REGIONS.len()].map(|()| (None, "none".to_owned()));
                let random = Random::new(number as u64);
                let mut client = Client { number, operator, shared, random, seen };
                (0..STEPS).for_each(|_| client.step());
            });
        }
        let done = || shared.done.load(Ordering::Relaxed);
        let pass = |steps: usize| {
            let until = (done() + steps).min(CLIENTS * STEPS);
            wait::until_true("the clients to go on", || done() >= until);
        };
        while done() + 2 * APART <= CLIENTS * STEPS {
            pass(APART);
            disturb(cluster, &|| pass(APART));
        }
    });
    for (register, history) in shared.histories.iter().enumerate() {
        let mut history = history.lock().unwrap().clone();
        let took = history.iter().filter(|o| matches!(o.ask, Ask::Swap { took: Some(true), .. }));
        assert!(took.count() > 0, "no swap of {} took", REGIONS[register]);
        if let Err(why) = history::check(&history) {
            panic!("{}: {why}\n{}", REGIONS[register], cluster.logs());
        }
        // The check itself is no rubber stamp: the same history with one old read in it fails.
        let reads = |o: &&mut Operation| matches!(o.ask, Ask::Read(Some(_)));
        let old = history.iter_mut().filter(reads).min_by_key(|o| o.from).unwrap().ask;
        let late = history.iter_mut().filter(reads).max_by_key(|o| o.from).unwrap();
        assert_ne!(late.ask, old, "too little happened to {}", REGIONS[register]);
        late.ask = old;
        assert!(history::check(&history).is_err(), "a stale read of {}", REGIONS[register]);
    }
}
