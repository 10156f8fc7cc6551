//! The node and the bare responder, alive side by side on one core.

use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::node::DNS_PORT;
use gslb_tests::process::Process;
use gslb_tests::{loopback, programs};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

/// A DNS server that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) process: u32,
}

/// Nodes and the bare responder; they end with this value.
pub(crate) struct Servers {
    /// The nodes.
    pub(crate) cluster: Cluster,
    /// The bare responder.
    pub(crate) bare: Server,
    _bare: Process,
}

impl Servers {
    /// Builds what is missing, then starts all of it on `core`, with this thread.
    ///
    /// # Panics
    /// If something cannot be started.
    pub(crate) fn start(setup: &Setup, core: usize) -> Self {
        let start = Instant::now();
        let tell = |what: &str| eprintln!("{:5.1} s  {what}", start.elapsed().as_secs_f64());
        tell("building the programs, if they are not built");
        // Before this thread is tied to one core, and the compiler with it.
        let _ = programs::gslb_node();
        crate::cpu::pin(core);
        tell(&format!("forming a cluster of {}", setup.nodes));
        let cluster = Cluster::form(setup);
        let address = SocketAddr::new(loopback::fresh(), DNS_PORT);
        let this = std::env::current_exe().expect("a bench knows its own path");
        let mut command = Command::new(this);
        command.arg("bare").arg(address.to_string());
        let log = cluster.folder().join("bare.txt");
        let mut process = Process::start("the bare responder", &mut command, &log);
        process.wait_for("ready on");
        tell("the servers are ready");
        let bare = Server { address, process: process.id() };
        Self { cluster, bare, _bare: process }
    }

    /// A node, by its place.
    pub(crate) fn node(&mut self, index: usize) -> Server {
        let node = &mut self.cluster.nodes[index];
        Server { address: node.dns(), process: node.process().id() }
    }
}
