//! One of two servers that are asked in turn, in short slices.

use crate::client::{Client, Pace};
use crate::cpu;
use crate::options::Options;
use crate::scenario::Scenario;
use crate::servers::Server;
use crate::tally::Tally;
use gslb_tests::load::verdict::Expected;
use std::time::Duration;

/// How long a server has after its last answer to go to sleep, so that its time on the core is
/// counted.
const SETTLE: Duration = Duration::from_millis(2);

/// One of the servers, and what its slices came to.
pub(crate) struct Side {
    /// Who asks.
    pub(crate) client: Client,
    process: u32,
    /// Time on the core for an answer, ns, of each slice.
    pub(crate) ns: Vec<f64>,
    /// What became of the queries of all slices.
    pub(crate) all: Tally,
}

impl Side {
    /// Connects to a server whose zone has so many static `names`.
    pub(crate) fn new(
        options: &Options,
        scenario: Scenario,
        server: Server,
        names: u64,
        expected: Expected,
    ) -> Self {
        let templates = scenario.templates(names);
        let sources = scenario.sources();
        let (address, sockets, seed) = (server.address, options.sockets, options.seed);
        let client = Client::new(address, sockets, &sources, templates, expected, seed);
        Self { client, process: server.process, ns: Vec::new(), all: Tally::default() }
    }

    /// One slice in a closed loop.
    pub(crate) fn slice(&mut self, pace: Pace, length: Duration) {
        std::thread::park_timeout(SETTLE);
        let before = cpu::time_of(self.process);
        let tally = self.client.run(pace, length);
        std::thread::park_timeout(SETTLE);
        let spent = cpu::time_of(self.process).saturating_sub(before);
        self.ns.push(spent as f64 / tally.answered as f64);
        self.all.merge(&tally);
    }
}
