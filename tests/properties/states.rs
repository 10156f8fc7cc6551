//! A small agreed state to try things on.

use gslb_consensus::model::{Config, document};
use gslb_consensus::state::command::PutConfig;
use gslb_consensus::state::{Command, Envelope, NodeRecord, Reply, State};
use std::sync::Arc;

/// Two regions with an endpoint each, one pool with a monitor, one name.
pub(crate) const TRAFFIC: &str = r#"
[[zones]]
name = "example.org."
records = """
@ 300 SOA ns1 host 10 7200 900 86400 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
"""

[[regions]]
id = "east"
weight = 100

[[regions]]
id = "west"
weight = 50

[[monitors]]
id = "http"
kind = "http"

[[pools]]
id = "web"
monitor = "http"

[[pools.endpoints]]
id = "east-1"
region = "east"
address = "192.0.2.1"

[[pools.endpoints]]
id = "west-1"
region = "west"
address = "192.0.2.2"

[[names]]
name = "www.example.org."
pool = "web"
"#;

/// Reads a traffic file that names no other file.
pub(crate) fn config(text: &str) -> Config {
    document::read(text, None, &|path| Err(path.to_owned())).unwrap_or_else(|f| panic!("{f}"))
}

/// A state and the log that led to it.
pub(crate) struct Trial {
    /// The state.
    pub state: State,
    /// The leader's clock, ms.
    pub now_ms: u64,
    index: u64,
}

impl Trial {
    /// `TRAFFIC` applied, and so many nodes added.
    pub(crate) fn new(nodes: u64) -> Self {
        let mut trial = Self { state: State::default(), now_ms: 1_000_000, index: 0 };
        trial.put(TRAFFIC);
        for node in 1..=nodes {
            let record = NodeRecord {
                name: format!("n{node}"),
                raft: format!("192.0.2.{node}:7946"),
                api: format!("192.0.2.{node}:8053"),
            };
            trial.done(Command::AddNode(record));
        }
        trial
    }

    /// Applies a command from a sender of its own.
    pub(crate) fn apply(&mut self, command: Command) -> Reply {
        let client = u128::from(self.index) + 1;
        let (seq, actor, stamp_ms) = (1, "ann".to_owned(), self.now_ms);
        self.send(&Envelope { client, seq, actor, caller: None, stamp_ms, command })
    }

    /// Applies an envelope as it is.
    pub(crate) fn send(&mut self, envelope: &Envelope) -> Reply {
        self.index += 1;
        self.state.apply(self.index, envelope)
    }

    /// Applies a command that must not be refused.
    pub(crate) fn done(&mut self, command: Command) {
        let reply = self.apply(command);
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }

    /// Applies a traffic file.
    pub(crate) fn put(&mut self, text: &str) {
        let config = Arc::new(config(text));
        self.done(Command::PutConfig(PutConfig { config, expect: None }));
    }
}
