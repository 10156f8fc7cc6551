//! What many names cost: memory, the start, and CPU a query beside a node that has few.

use crate::client::Pace;
use crate::options::Options;
use crate::scenario::Scenario;
use crate::servers::Server;
use crate::side::Side;
use crate::{cpu, report, world};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::load::quartiles::Quartiles;
use gslb_tests::load::verdict::Expected;
use gslb_tests::programs;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Static names of the large node: as many records as the agreed state may hold, less the rest.
const MANY: u64 = 999_000;
/// Static names of the small node, and of the one with many steered names.
const FEW: u64 = 1000;
/// Steered names beside.
const STEERED: usize = 10_000;

/// What the large node may take, MiB.
const MANY_MIB: f64 = 400.0;
/// What the steered names may take, MiB.
const STEERED_MIB: f64 = 100.0;
/// How long the large node may take from its start to its first answer, s.
const START_S: f64 = 5.0;
/// How much more a query to the large node may cost.
const FLAT: f64 = 1.5;

/// How long each side is warmed up.
const WARM: Duration = Duration::from_millis(500);
/// Memory is settled when it has not fallen by more than 1 MiB in this time.
const SETTLED: Duration = Duration::from_secs(2);

/// Measures all of it; gives the table, the JSON, and whether every figure is within its limit.
pub(crate) fn run(options: &Options) -> (String, Value, bool) {
    let start = Instant::now();
    let tell = |what: &str| eprintln!("{:5.1} s  {what}", start.elapsed().as_secs_f64());
    tell("building the programs, if they are not built");
    let _ = programs::gslb_node();
    cpu::pin(options.server_core());
    tell("1,000 names");
    let mut few = Kept::form(&world::traffic(FEW, &[]));
    tell("1,000 names and 10,000 steered");
    let mut steered = Kept::form(&(world::traffic(FEW, &[]) + &world::many_steered(STEERED)));
    tell("999,000 names and 10,000 steered");
    let mut many = Kept::form(&(world::traffic(MANY, &[]) + &world::many_steered(STEERED)));
    tell("starting each again");
    let [few_s, steered_s, many_s] = [&mut few, &mut steered, &mut many].map(Kept::restart);
    tell("waiting until memory is settled");
    let [few_mib, steered_mib, many_mib] =
        [&mut few, &mut steered, &mut many].map(|kept| settled_mib(kept.server().process));
    tell("asking the first and the last in turn");
    let (few, many) = (few.server(), many.server());
    let (over_few, sound) = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            cpu::pin(options.client_core());
            compare(options, few, many)
        });
        client.join().expect("the client ends well")
    });
    let figures = [
        Figure::new("1,000 names, MiB", few_mib, None),
        Figure::new("1,000 names, start to first answer, s", few_s, None),
        Figure::new("10,000 steered names beside, MiB", steered_mib - few_mib, Some(STEERED_MIB)),
        Figure::new("10,000 steered names, start, s", steered_s, Some(START_S)),
        Figure::new("999,000 names and 10,000 steered, MiB", many_mib, Some(MANY_MIB)),
        Figure::new("999,000 names and 10,000 steered, start, s", many_s, Some(START_S)),
        Figure::new("CPU a query, over 1,000 names", over_few.median, Some(FLAT)),
    ];
    let json = json!({
        "kind": "size",
        "settings": report::settings(options),
        "figures": figures.iter().map(Figure::json).collect::<Vec<_>>(),
    });
    let table: String = figures.iter().map(Figure::line).collect();
    let within = figures.iter().all(Figure::is_within);
    if !sound {
        eprintln!("answers were wrong or missing");
    }
    (format!("\nmemory is PSS; a start is to the first answer\n{table}"), json, sound && within)
}

/// The ratio of CPU a query of neighbouring slices, and whether every answer was right.
fn compare(options: &Options, few: Server, many: Server) -> (Quartiles, bool) {
    let side =
        |server, names| Side::new(options, Scenario::Static, server, names, Expected::Records);
    let (mut few, mut many) = (side(few, FEW), side(many, MANY));
    let pace = Pace::Closed { in_flight: options.in_flight as usize };
    few.client.run(pace, WARM);
    many.client.run(pace, WARM);
    for round in 0..(options.seconds * 1000 / options.slice_ms / 2).max(1) {
        let mut sides = [&mut few, &mut many];
        // There and back: what changes steadily meanwhile does not favour one of them.
        if round % 2 == 1 {
            sides.reverse();
        }
        sides.into_iter().for_each(|side| side.slice(pace, options.slice()));
    }
    let ratios = many.ns.iter().zip(&few.ns).map(|(many, few)| many / few).collect();
    (Quartiles::of(ratios), few.all.is_sound() && many.all.is_sound())
}

/// A node of its own cluster.
struct Kept(Cluster);

impl Kept {
    /// Forms it, and has it serve `traffic`.
    fn form(traffic: &str) -> Self {
        let cluster = Cluster::form(&Setup { nodes: 1, places: Vec::new(), ..Setup::default() });
        cluster.apply(traffic);
        Self(cluster)
    }

    /// Ends the node and starts it again; gives the seconds to its first answer.
    fn restart(&mut self) -> f64 {
        let node = &mut self.0.nodes[0];
        node.stop();
        let start = Instant::now();
        node.start();
        let query = Query::new(&format!("s1.{}", world::ZONE), "A");
        while query.send(node.dns()).is_err() {
            assert!(start.elapsed().as_secs() < 60, "no answer a minute after the start");
            std::thread::park_timeout(Duration::from_millis(1));
        }
        start.elapsed().as_secs_f64()
    }

    fn server(&mut self) -> Server {
        let node = &mut self.0.nodes[0];
        Server { address: node.dns(), process: node.process().id() }
    }
}

/// The share of memory of a process once it falls no more, MiB.
fn settled_mib(process: u32) -> f64 {
    let (mut lowest, mut since) = (pss_mib(process), Instant::now());
    while since.elapsed() < SETTLED {
        std::thread::park_timeout(Duration::from_millis(100));
        let now = pss_mib(process);
        if now < lowest - 1.0 {
            (lowest, since) = (now, Instant::now());
        }
    }
    lowest
}

fn pss_mib(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
    let text = text.expect("a running process");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.expect("this kernel tells the PSS of a process") / 1024.0
}

/// A figure, and what it may be at most.
struct Figure {
    what: &'static str,
    seen: f64,
    limit: Option<f64>,
}

impl Figure {
    fn new(what: &'static str, seen: f64, limit: Option<f64>) -> Self {
        Self { what, seen, limit }
    }

    fn is_within(&self) -> bool {
        self.limit.is_none_or(|limit| self.seen <= limit)
    }

    fn line(&self) -> String {
        let limit = self.limit.map_or(String::new(), |limit| format!("at most {limit}"));
        let over = if self.is_within() { "" } else { "  OVER" };
        format!("{:<44} {:>8.3}  {limit}{over}\n", self.what, self.seen)
    }

    fn json(&self) -> Value {
        json!({ "what": self.what, "seen": self.seen, "limit": self.limit })
    }
}
