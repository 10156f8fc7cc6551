//! Clients that set and read runtime weights beside each other, and what they were told.
//!
//! ```text
//!  clients --- gslbctl set-weight, set-weight --expect, weights ---> the cluster
//!     |
//!     +--> a history of each register --> linearizable or not; the longest gap between two writes
//! ```

use crate::cluster::Cluster;
use crate::history::{self, Ask, Held, Operation};
use crate::load::random::Random;
use crate::operator::{Operator, Said};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The largest weight that there is.
const WEIGHT_MAX: u64 = 1000;

/// A runtime weight: of a region, or of a region within a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    /// The region.
    pub region: &'static str,
    /// The pool; none: everywhere.
    pub pool: Option<&'static str>,
}

impl Register {
    /// The weight of a region everywhere.
    #[must_use]
    pub const fn region(region: &'static str) -> Self {
        Self { region, pool: None }
    }
}

/// What the clients of some registers share, and all that they were told.
#[derive(Debug)]
pub struct Registers {
    of: Vec<Register>,
    start: Instant,
    /// The next weight of each register: no two writes are alike.
    fresh: Vec<AtomicU64>,
    histories: Vec<Mutex<Vec<Operation>>>,
    /// When each write was acknowledged, in the order of the clients' looks at the clock.
    acknowledged: Mutex<Vec<u64>>,
    done: AtomicUsize,
}

impl Registers {
    /// Registers that nobody has set yet.
    #[must_use]
    pub fn new(of: &[Register]) -> Self {
        Self {
            of: of.to_vec(),
            start: Instant::now(),
            fresh: of.iter().map(|_| AtomicU64::new(1)).collect(),
            histories: of.iter().map(|_| Mutex::default()).collect(),
            acknowledged: Mutex::default(),
            done: AtomicUsize::new(0),
        }
    }

    /// How many steps the clients have made.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Now, on the clock of the histories, ns.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How many writes were acknowledged.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.acknowledged().len()
    }

    /// The longest time without an acknowledged write between two moments of [`Self::now`].
    #[must_use]
    pub fn longest_gap(&self, from: u64, to: u64) -> Duration {
        let mut times: Vec<u64> = self.acknowledged().clone();
        times.retain(|at| (from..to).contains(at));
        times.extend([from, to]);
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        Duration::from_nanos(gaps.max().unwrap_or(0))
    }

    /// What was told of one register, in no order.
    #[must_use]
    pub fn history(&self, register: usize) -> Vec<Operation> {
        lock(&self.histories[register]).clone()
    }

    /// Judges all that was told.
    ///
    /// # Errors
    /// It is not linearizable, and where.
    pub fn check(&self) -> Result<(), String> {
        for (number, register) in self.of.iter().enumerate() {
            history::check(&self.history(number)).map_err(|why| format!("{register:?}: {why}"))?;
        }
        Ok(())
    }

    fn acknowledged(&self) -> MutexGuard<'_, Vec<u64>> {
        lock(&self.acknowledged)
    }

    fn record(&self, register: usize, client: usize, from: u64, to: Option<u64>, ask: Ask) {
        lock(&self.histories[register]).push(Operation { client, from, to, ask });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The code of a command that failed.
fn code(said: &Said) -> String {
    let text = if said.err.trim().is_empty() { &said.out } else { &said.err };
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    body["code"].as_str().unwrap_or("none").to_owned()
}

/// One client.
#[derive(Debug)]
pub struct Client<'a> {
    number: usize,
    operator: Operator,
    shared: &'a Registers,
    random: Random,
    /// What it saw last of each register: the weight, and where it was set.
    seen: Vec<(Held, String)>,
}

impl<'a> Client<'a> {
    /// A client that asks by this operator's context.
    #[must_use]
    pub fn new(shared: &'a Registers, number: usize, operator: Operator) -> Self {
        let seen = shared.of.iter().map(|_| (None, "none".to_owned())).collect();
        Self { number, operator, shared, random: Random::new(number as u64), seen }
    }

    /// Reads, writes or swaps.
    pub fn step(&mut self) {
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
        let lines = reply["weights"].as_array().expect("a list of weights");
        let key = |line: &Value| {
            let text = |field: &str| line[field].as_str().map(str::to_owned);
            (text("region").expect("a region"), text("pool"))
        };
        let set: BTreeMap<_, &Value> = lines.iter().map(|line| (key(line), line)).collect();
        for (number, register) in self.shared.of.iter().enumerate() {
            let line = set.get(&(register.region.to_owned(), register.pool.map(str::to_owned)));
            let held = line.map(|line| line["weight"].as_u64().expect("a weight"));
            let changed = line.map_or("none", |line| line["changed"].as_str().expect("a place"));
            self.seen[number] = (held, changed.to_owned());
            self.shared.record(number, self.number, from, Some(to), Ask::Read(held));
        }
    }

    fn write(&mut self) {
        let Some((register, new)) = self.next() else { return self.read() };
        let (from, said, to) = self.set(register, new, "");
        let ask = Ask::Write(Some(new));
        let record = |to, ask| self.shared.record(register, self.number, from, to, ask);
        match (said.code, code(&said).as_str()) {
            (0, _) => record(Some(to), ask),
            (_, "unknown_outcome") => record(None, ask),
            // Nothing was changed.
            _ => {}
        }
    }

    fn swap(&mut self) {
        let Some((register, new)) = self.next() else { return self.read() };
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

    /// A register, and a weight that it never had; none once there are no more.
    fn next(&mut self) -> Option<(usize, u64)> {
        let register = self.random.below(self.shared.of.len());
        let new = self.shared.fresh[register].fetch_add(1, Ordering::Relaxed);
        (new <= WEIGHT_MAX).then_some((register, new))
    }

    fn set(&self, register: usize, weight: u64, more: &str) -> (u64, Said, u64) {
        let Register { region, pool } = self.shared.of[register];
        let pool = pool.map_or_else(String::new, |pool| format!("--pool {pool}"));
        let from = self.shared.now();
        let line = format!("set-weight {region} {weight} {pool} {more} --json");
        let said = self.operator.attempt(&line, &[]);
        let to = self.shared.now();
        if said.code == 0 {
            self.shared.acknowledged().push(to);
        }
        (from, said, to)
    }
}

/// A context that asks the node of this number first.
#[must_use]
pub fn first(cluster: &Cluster, number: usize) -> Operator {
    context(cluster, &format!("first-{number}"), number, cluster.nodes.len())
}

/// A context that asks the node of this number and no other.
#[must_use]
pub fn only(cluster: &Cluster, number: usize) -> Operator {
    context(cluster, &format!("only-{number}"), number, 1)
}

/// A context that asks so many nodes, from this one on.
fn context(cluster: &Cluster, name: &str, from: usize, count: usize) -> Operator {
    let path = cluster.operator.context();
    let text = std::fs::read_to_string(path).expect("the context can be read");
    let nodes = cluster.nodes.iter().cycle().skip(from).take(count);
    let servers: Vec<String> = nodes.map(|node| format!("\"https://{}\"", node.api())).collect();
    let begin = text.find("servers = ").expect("the context names the servers");
    let end = begin + text[begin..].find(']').expect("in a list") + 1;
    let text = format!("{}servers = [{}]{}", &text[..begin], servers.join(", "), &text[end..]);
    let own = path.with_file_name(format!("ctl-{name}.toml"));
    std::fs::write(&own, text).expect("the context can be written");
    Operator::new(&own)
}
