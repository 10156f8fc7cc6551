//! Short slices of node and bare responder in turn, and the ratios of pairs.

use crate::client::Pace;
use crate::options::Options;
use crate::report;
use crate::scenario::Scenario;
use crate::servers::{Server, Servers};
use crate::side::Side;
use crate::tally::Tally;
use crate::{cpu, world};
use gslb_tests::cluster::Setup;
use gslb_tests::load::quartiles::Quartiles;
use gslb_tests::load::verdict::Expected;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long both servers are warmed up before a scenario.
const WARM: Duration = Duration::from_millis(100);

/// What one scenario came to.
pub(crate) struct Row {
    /// What was asked.
    pub(crate) scenario: Scenario,
    /// Time of the node on the core for an answer, ns.
    pub(crate) node_ns: Quartiles,
    /// The same of the bare responder.
    pub(crate) bare_ns: Quartiles,
    /// The ratio of neighbouring slices.
    pub(crate) over_bare: Quartiles,
    /// The ratio to the node's own plain hits beside.
    pub(crate) over_static: Quartiles,
    /// The node in a closed loop.
    pub(crate) node: Tally,
    /// The bare responder in a closed loop.
    pub(crate) bare: Tally,
    /// Node and bare responder at a fixed rate, if it was asked for.
    pub(crate) paced: Option<(Tally, Tally)>,
}

/// Runs every scenario; gives the table, the JSON, and whether every answer came and was right.
pub(crate) fn run(options: &Options) -> (String, Value, bool) {
    let setup = Setup { nodes: 1, places: Vec::new(), ..Setup::default() };
    let mut servers = Servers::start(&setup, options.server_core());
    servers.cluster.apply(&world::traffic(options.names, &[]));
    let (node, bare) = (servers.node(0), servers.bare);
    // This thread is tied to the servers' core, and what it starts now to the client's.
    let rows = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            cpu::pin(options.client_core());
            measure(options, node, bare)
        });
        client.join().expect("the client ends well")
    });
    let sound = rows.iter().all(|row| {
        let paced = row.paced.as_ref();
        row.node.is_sound() && paced.is_none_or(|(node, _)| node.is_sound())
    });
    let json = json!({
        "kind": "scenarios",
        "settings": report::settings(options),
        "scenarios": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    (report::table(&rows, options), json, sound)
}

fn measure(options: &Options, node: Server, bare: Server) -> Vec<Row> {
    let start = Instant::now();
    let wanted = options.scenarios();
    let mut rows = Vec::new();
    for (number, scenario) in wanted.iter().enumerate() {
        let passed = start.elapsed().as_secs_f64();
        eprintln!("{passed:5.1} s  {} ({} of {})", scenario.name(), number + 1, wanted.len());
        rows.push(Bench::new(options, *scenario, node, bare).run(options));
    }
    rows
}

/// The clients of one scenario.
struct Bench {
    scenario: Scenario,
    node: Side,
    bare: Side,
    /// The node's plain hits; none for the scenario that is just these.
    plain: Option<Side>,
}

impl Bench {
    fn new(options: &Options, scenario: Scenario, node: Server, bare: Server) -> Self {
        let plain = (scenario != Scenario::Static)
            .then(|| Side::new(options, Scenario::Static, node, options.names, Expected::Records));
        Self {
            scenario,
            node: Side::new(options, scenario, node, options.names, scenario.expected()),
            bare: Side::new(options, scenario, bare, options.names, Expected::Records),
            plain,
        }
    }

    fn run(mut self, options: &Options) -> Row {
        let pace = Pace::Closed { in_flight: options.in_flight as usize };
        for side in [&mut self.bare, &mut self.node] {
            side.client.run(pace, WARM);
        }
        let turns = 2 + u64::from(self.plain.is_some());
        let rounds = (options.seconds * 1000 / options.slice_ms / turns).max(1);
        for round in 0..rounds {
            let mut sides: Vec<&mut Side> = vec![&mut self.bare, &mut self.node];
            sides.extend(&mut self.plain);
            // There and back: what changes steadily meanwhile does not favour one of them.
            if round % 2 == 1 {
                sides.reverse();
            }
            sides.into_iter().for_each(|side| side.slice(pace, options.slice()));
        }
        let paced = (options.rate > 0).then(|| self.paced(options));
        let over = |other: &[f64]| {
            let pairs = self.node.ns.iter().zip(other);
            Quartiles::of(pairs.map(|(node, other)| node / other).collect())
        };
        Row {
            scenario: self.scenario,
            over_bare: over(&self.bare.ns),
            over_static: over(self.plain.as_ref().map_or(&self.node.ns, |plain| &plain.ns)),
            node_ns: Quartiles::of(self.node.ns.clone()),
            bare_ns: Quartiles::of(self.bare.ns),
            node: self.node.all,
            bare: self.bare.all,
            paced,
        }
    }

    /// Node and bare responder at a fixed rate, in turn.
    fn paced(&mut self, options: &Options) -> (Tally, Tally) {
        let pace = Pace::Fixed { rate: options.rate };
        let (mut node, mut bare) = (Tally::default(), Tally::default());
        for _ in 0..(options.seconds * 250 / options.slice_ms).max(1) {
            bare.merge(&self.bare.client.run(pace, options.slice()));
            node.merge(&self.node.client.run(pace, options.slice()));
        }
        (node, bare)
    }
}

impl Row {
    fn json(&self) -> Value {
        let three = |q: &Quartiles| json!({ "low": q.low, "median": q.median, "high": q.high });
        json!({
            "scenario": self.scenario.name(),
            "node_cpu_ns": three(&self.node_ns),
            "bare_cpu_ns": three(&self.bare_ns),
            "over_bare": three(&self.over_bare),
            "over_static": three(&self.over_static),
            "node": self.node.json(),
            "bare": self.bare.json(),
            "node_paced": self.paced.as_ref().map(|(node, _)| node.json()),
            "bare_paced": self.paced.as_ref().map(|(_, bare)| bare.json()),
        })
    }
}
