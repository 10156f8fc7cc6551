//! Three nodes on hosts of their own, queries and changes that never cease, and what status says.

use crate::fault::Fault;
use crate::load::Load;
use crate::options::Options;
use crate::report::{Report, Row};
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::hosts::Hosts;
use gslb_tests::operator::Operator;
use gslb_tests::programs;
use gslb_tests::registers::{Client, Register, Registers, first, only};
use gslb_tests::wait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The nodes.
pub(crate) const NODES: usize = 3;
/// The disk of each node's data, MiB; its steps are at 16, 10 and 5.
const DISK_MIB: u32 = 40;
/// Clients that change and read weights; two begin with each node.
const CLIENTS: usize = 2 * NODES;
/// Between two steps of one client: over ten minutes there are enough weights for all.
const STEP: Duration = Duration::from_millis(400);
/// So many times later than promised is too late on a machine that is busy with other things.
const LENIENCE: u32 = 3;
/// A fault of which this is still told is over: it is told for a minute.
const LINGERS: &str = "its disk is slow";

/// What the traffic file declares: weights that never take a region out.
const REGISTERS: [Register; 6] = [
    Register::region("fra"),
    Register::region("iad"),
    Register::region("sin"),
    Register { region: "fra", pool: Some("web") },
    Register { region: "iad", pool: Some("web") },
    Register { region: "sin", pool: Some("web") },
];

/// What faults are made to.
pub(crate) struct Scene<'a> {
    /// The nodes.
    pub(crate) cluster: Cluster,
    /// Where they run.
    pub(crate) hosts: Arc<Hosts>,
    /// How patient the nodes are, as `node.toml` says it.
    pub(crate) timers: &'static str,
    load: Load,
    registers: &'a Registers,
    operators: Vec<Operator>,
    /// Since when there is a majority, on the clock of the registers.
    majority: u64,
    said: Vec<String>,
}

/// Ends the clients, also if a fault panics.
struct Curtain<'a>(&'a AtomicBool);

impl Drop for Curtain<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes the faults one after the other, and again until the time is over; gives what came of it.
pub(crate) fn play(options: &Options, faults: &[&'static Fault]) -> Report {
    let hosts = Arc::new(Hosts::new(NODES));
    let setup = Setup {
        hosts: Some(Arc::clone(&hosts)),
        disk_mib: Some(DISK_MIB),
        timers: options.timers(),
        ..Setup::default()
    };
    let cluster = Cluster::form(&setup);
    cluster.apply(include_str!("traffic.toml"));
    let operators: Vec<Operator> = (0..NODES).map(|node| only(&cluster, node)).collect();
    let registers = Registers::new(&REGISTERS);
    let ended = AtomicBool::new(false);
    let clients: Vec<Client<'_>> = (0..CLIENTS)
        .map(|number| Client::new(&registers, number, first(&cluster, number % NODES)))
        .collect();
    let addresses: Vec<_> = cluster.nodes.iter().map(|node| node.dns()).collect();
    let load = Load::start(&addresses, options.rate);
    let mut scene = Scene {
        cluster,
        hosts,
        timers: options.timers(),
        load,
        registers: &registers,
        operators,
        majority: 0,
        said: Vec::new(),
    };
    let rows = std::thread::scope(|scope| {
        let _curtain = Curtain(&ended);
        for mut client in clients {
            let ended = &ended;
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let next = Instant::now() + STEP;
                    client.step();
                    std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
                }
            });
        }
        scene.settle();
        scene.all(options, faults)
    });
    Report { rows, resume: options.resume(), told: registers.check(), writes: registers.writes() }
}

impl Scene<'_> {
    /// Makes the faults until the time is over, each once at least.
    fn all(&mut self, options: &Options, faults: &[&'static Fault]) -> Vec<Row> {
        let begin = Instant::now();
        let mut rows = Vec::new();
        for round in 0.. {
            for fault in faults {
                if round > 0 && begin.elapsed() >= options.length() {
                    return rows;
                }
                match fault.missing() {
                    Some(why) if round == 0 => programs::skip(fault.name, &why),
                    Some(_) => {}
                    None => rows.push(self.one(fault, options.resume())),
                }
            }
            if rows.is_empty() || begin.elapsed() >= options.length() {
                break;
            }
        }
        rows
    }

    /// Makes one fault, waits until nothing is left of it, and counts what happened meanwhile.
    fn one(&mut self, fault: &Fault, resume: Duration) -> Row {
        let (before, begin) = (self.load.tally(), Instant::now());
        self.said.clear();
        self.majority();
        (fault.make)(self);
        self.settle();
        let gap = self.registers.longest_gap(self.majority, self.registers.now());
        let queries = self.load.tally().since(&before);
        let row = Row {
            fault: fault.name,
            queries,
            gap,
            too_late: gap > resume * LENIENCE,
            took: begin.elapsed(),
            said: std::mem::take(&mut self.said),
        };
        eprintln!("{}", row.line());
        row
    }

    /// The node that leads, by its place.
    pub(crate) fn leader(&self) -> usize {
        self.cluster.leader()
    }

    /// A node that does not lead, and the third one.
    pub(crate) fn followers(&self) -> (usize, usize) {
        let leader = self.leader();
        ((leader + 1) % NODES, (leader + 2) % NODES)
    }

    /// The name of a node.
    pub(crate) fn name(&self, node: usize) -> String {
        self.cluster.nodes[node].name.clone()
    }

    /// From here on nothing is expected of a node, or all again.
    pub(crate) fn set_live(&self, node: usize, live: bool) {
        self.load.set_live(node, live);
    }

    /// Starts a node, and expects answers of it once it has given one.
    pub(crate) fn start(&mut self, node: usize) {
        self.cluster.nodes[node].start();
        let query = gslb_tests::client::Query::new("www-static.shop.example.", "A");
        self.cluster.wait_for_answer(&[node], &query, |answer| answer.answers.len() == 1);
        self.set_live(node, true);
    }

    /// Ends a node as `kill -9` does.
    pub(crate) fn kill(&mut self, node: usize) {
        self.set_live(node, false);
        self.cluster.nodes[node].kill();
    }

    /// Asks a node to end, and waits until it has.
    pub(crate) fn stop(&mut self, node: usize) {
        self.set_live(node, false);
        let code = self.cluster.nodes[node].stop();
        assert_eq!(code, Some(0), "{}", self.cluster.nodes[node].log());
    }

    /// There is a majority from here on: changes are to be accepted soon.
    pub(crate) fn majority(&mut self) {
        self.majority = self.registers.now();
    }

    /// Waits until another change was acknowledged.
    pub(crate) fn changes_go_on(&self) {
        let before = self.registers.writes();
        // Two: the first may have been on its way back before.
        wait::until_true("changes to be accepted", || self.registers.writes() > before + 1);
    }

    /// Runs `gslbctl` against one node.
    pub(crate) fn operator(&self, node: usize) -> &Operator {
        &self.operators[node]
    }

    /// Waits until status, asked of a node, says one line with all these words; the line is reported.
    pub(crate) fn says(&mut self, asked: usize, words: &[&str]) {
        let line = wait::until(&format!("status of node {asked} to say {words:?}"), || {
            let lines = self.warnings(asked)?;
            let fits = |line: &&String| words.iter().all(|word| line.contains(word));
            lines.iter().find(fits).cloned().ok_or(lines)
        });
        if !self.said.contains(&line) {
            self.said.push(line);
        }
    }

    /// What status, asked of a node, tells to look at.
    fn warnings(&self, asked: usize) -> Result<Vec<String>, Vec<String>> {
        let said = self.operators[asked].attempt("status", &[]);
        if said.code != 0 {
            return Err(vec![said.err]);
        }
        let lines = said.out.lines().filter_map(|line| line.strip_prefix("! "));
        Ok(lines.map(str::to_owned).collect())
    }

    /// Waits until every node says that all is well, and changes go on.
    fn settle(&mut self) {
        for node in 0..NODES {
            wait::until("status to have nothing to say", || {
                let mut lines = self.warnings(node)?;
                lines.retain(|line| !line.contains(LINGERS));
                if lines.is_empty() { Ok(()) } else { Err(lines) }
            });
        }
        self.changes_go_on();
    }
}
