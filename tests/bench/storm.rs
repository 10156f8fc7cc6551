//! The tail of a node while everything happens at once, beside the bare responder's.

use crate::client::{Client, Pace};
use crate::options::Options;
use crate::scenario::Scenario;
use crate::servers::{Server, Servers};
use crate::tally::Tally;
use crate::weather::{ENDPOINTS, Weather};
use crate::{cpu, report, world};
use gslb_tests::cluster::Setup;
use gslb_tests::endpoint::Endpoint;
use gslb_tests::load::random::Random;
use gslb_tests::load::template::Template;
use gslb_tests::load::verdict::Expected;
use gslb_tests::{loopback, tree};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A slice of one server; what happens once a second must not always fall on the same one.
const SLICE: Duration = Duration::from_millis(230);
/// The calm before the storm, which shows what the storm costs, lasts for this part of it.
const CALM_PART: u32 = 4;
/// How long each server is warmed up.
const WARM: Duration = Duration::from_millis(300);

/// Raises the storm; gives the table, the JSON, and whether every answer came and was right.
pub(crate) fn run(options: &Options) -> (String, Value, bool) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let places = folder.path().join("places.mmdb");
    std::fs::copy(tree::data("place/lab/lab-city.mmdb"), &places).expect("place data is copied");
    let setup = Setup { places: vec![places.clone()], ..Setup::default() };
    let mut servers = Servers::start(&setup, options.server_core());
    // From here on, so that they stay off the client's core.
    let endpoints = [(); ENDPOINTS].map(|()| Endpoint::start(loopback::fresh()));
    let traffic = world::traffic(options.names, &endpoints.each_ref().map(Endpoint::address));
    servers.cluster.apply(&traffic);
    // The one that is asked must outlive the leader.
    let leader = servers.cluster.leader();
    let asked = usize::from(leader == 0);
    let (node, bare) = (servers.node(asked), servers.bare);
    let length = Duration::from_secs(options.storm_seconds);
    let mut weather =
        Weather::new(&mut servers.cluster, asked, endpoints, places, &traffic, length);
    let mut calm = None;
    let storm = std::thread::scope(|scope| {
        let (begin, begun) = std::sync::mpsc::channel();
        let client = scope.spawn(move || {
            cpu::pin(options.client_core());
            let mut pair = Pair::new(options, node, bare);
            let calm = pair.measure(length / CALM_PART);
            begin.send(calm).expect("the weather is waited for");
            pair.measure(length)
        });
        eprintln!("{:5.1} s  of calm before it", (length / CALM_PART).as_secs_f64());
        calm = begun.recv().ok();
        weather.rage(|| client.is_finished());
        client.join().expect("the client ends well")
    });
    let calm = calm.expect("the calm was measured");
    let events = weather.events();
    let json = json!({
        "kind": "storm",
        "settings": report::settings(options),
        "storm_seconds": options.storm_seconds,
        "calm": calm.json(),
        "storm": storm.json(),
        "p999_over_bare": storm.ratio(),
        "events": events.json(),
    });
    let sound = calm.node.is_sound() && storm.node.is_sound();
    (table(options, &calm, &storm) + &events.to_string(), json, sound)
}

fn table(options: &Options, calm: &Tallies, storm: &Tallies) -> String {
    let rows = [
        ("calm node", &calm.node),
        ("calm bare", &calm.bare),
        ("storm node", &storm.node),
        ("storm bare", &storm.bare),
    ];
    let rows: String = rows.map(|(name, tally)| report::latency(name, tally)).concat();
    format!(
        "\nstorm, {} queries a second; slices of {} ms in turn\n{}{rows}\
         p99.9 in the storm, node over bare responder: {:.2}\n\
         of the node in the storm: unanswered {}, wrong {}\n",
        options.rate,
        SLICE.as_millis(),
        report::latency_head(),
        storm.ratio(),
        storm.node.unanswered,
        storm.node.wrong,
    )
}

/// What became of the queries to both.
struct Tallies {
    node: Tally,
    bare: Tally,
}

impl Tallies {
    /// The node's p99.9 over the bare responder's.
    fn ratio(&self) -> f64 {
        self.node.us(0.999) / self.bare.us(0.999)
    }

    fn json(&self) -> Value {
        json!({ "node": self.node.json(), "bare": self.bare.json() })
    }
}

/// A half plain hits, a quarter by the subnet of the client, a quarter of endpoints that flip.
fn templates(names: u64) -> Vec<Template> {
    let mut all = Scenario::Ecs.templates(names);
    let flip = |n| Template::new(&format!("flip-{n}.{}", world::ZONE)).edns();
    all.extend((0..world::STEERED).map(flip));
    let plain = Scenario::Static.templates(names);
    let count = all.len();
    all.extend(plain.into_iter().cycle().take(count));
    all
}

/// A client of each server, at the fixed rate.
struct Pair {
    node: Client,
    bare: Client,
    pace: Pace,
    random: Random,
}

impl Pair {
    /// Connects both, and warms both servers up.
    fn new(options: &Options, node: Server, bare: Server) -> Self {
        let sources = [std::net::Ipv4Addr::LOCALHOST];
        let pace = Pace::Fixed { rate: options.rate };
        let connect = |server: Server| {
            let (all, expected) = (templates(options.names), Expected::Records);
            let (address, sockets) = (server.address, options.sockets);
            let mut client = Client::new(address, sockets, &sources, all, expected, options.seed);
            client.run(pace, WARM);
            client
        };
        let random = Random::new(options.seed);
        Self { node: connect(node), bare: connect(bare), pace, random }
    }

    /// Asks both in turn, each pair of slices in an order that is drawn.
    fn measure(&mut self, length: Duration) -> Tallies {
        let mut tallies = Tallies { node: Tally::default(), bare: Tally::default() };
        let start = Instant::now();
        while start.elapsed() < length {
            let node_first = self.random.below(2) == 0;
            for is_node in [node_first, !node_first] {
                let (client, tally) = if is_node {
                    (&mut self.node, &mut tallies.node)
                } else {
                    (&mut self.bare, &mut tallies.bare)
                };
                tally.merge(&client.run(self.pace, SLICE));
            }
        }
        tallies
    }
}
