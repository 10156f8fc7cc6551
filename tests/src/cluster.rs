//! Real nodes that agree, formed as an operator forms them.

use crate::client::{Query, Response};
use crate::hosts::Hosts;
use crate::node::{DNS_PORT, Node};
use crate::operator::{Operator, Said};
use crate::programs::Programs;
use crate::{loopback, programs, tree, wait};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// Nodes that agree, and the operator beside them.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, in the order in which they were added.
    pub nodes: Vec<Node>,
    /// `gslbctl` with the cluster's context.
    pub operator: Operator,
    folder: TempDir,
}

/// How a cluster is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many nodes.
    pub nodes: usize,
    /// Where they answer DNS.
    pub dns_port: u16,
    /// MiB of a file system of its own for each node's data; none: that of the folder.
    pub disk_mib: Option<u32>,
    /// Their place databases; none: the built-in table.
    pub places: Vec<PathBuf>,
    /// Hosts of their own; none: this one.
    pub hosts: Option<Arc<Hosts>>,
    /// Their patience with each other, as `[raft] timers`.
    pub timers: &'static str,
    /// The version of nodes and `gslbctl`.
    pub programs: Programs,
}

impl Default for Setup {
    /// Three nodes with the lab's places.
    fn default() -> Self {
        let places = vec![tree::data("place/lab/lab-city.mmdb")];
        Self {
            nodes: 3,
            dns_port: DNS_PORT,
            disk_mib: None,
            places,
            hosts: None,
            timers: "patient",
            programs: Programs::built(),
        }
    }
}

impl Cluster {
    /// Forms a cluster and waits until every node is a voter.
    ///
    /// # Panics
    /// If it cannot be formed.
    #[must_use]
    pub fn form(setup: &Setup) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let dir = folder.path().join("cluster");
        let made = Command::new(setup.programs.ctl())
            .args(["cluster", "init", "--name", "lab", "--dir"])
            .arg(&dir)
            .output()
            .expect("gslbctl can be started");
        let made = Said::of(&made);
        assert_eq!(made.code, 0, "{}{}", made.out, made.err);
        let mut operator = Operator::new(&dir.join("ctl.toml"));
        operator.program = setup.programs.ctl();
        let mut cluster = Self { nodes: Vec::new(), operator, folder };
        for number in 1..=setup.nodes {
            cluster.add(&format!("n{number}"), setup);
        }
        cluster.wait_for_voters();
        cluster
    }

    /// Makes a cluster in one step: all folders at once, all nodes started at once; waits until every
    /// node is a voter.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn begin(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let dir = folder.path().join("cluster");
        let node = |name: &&str| Node::new(name, dir.join(name), loopback::fresh(), DNS_PORT);
        let nodes: Vec<Node> = names.iter().map(node).collect();
        let mut init = Command::new(programs::gslbctl());
        init.args(["cluster", "init", "--name", "lab", "--dir"]).arg(&dir);
        for node in &nodes {
            init.arg("--node").arg(format!("{}={}", node.name, node.address()));
        }
        let made = Said::of(&init.output().expect("gslbctl can be started"));
        assert_eq!(made.code, 0, "{}{}", made.out, made.err);
        let mut cluster = Self { nodes, operator: Operator::new(&dir.join("ctl.toml")), folder };
        for node in &mut cluster.nodes {
            node.write_config(&[]);
            node.start();
        }
        cluster.wait_for_voters();
        cluster
    }

    /// Invites a node by a token and starts it with that; gives the file.
    ///
    /// # Panics
    /// If it cannot be invited.
    pub fn invite(&mut self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        let mut node = Node::new(name, folder, loopback::fresh(), DNS_PORT);
        let token = self.token(&node, "1h");
        std::fs::create_dir_all(&node.folder).expect("the folder can be made");
        node.write_config(&[]);
        node.joins = Some((self.nodes[0].api(), token.clone()));
        node.start();
        self.nodes.push(node);
        token
    }

    /// A token for a node.
    ///
    /// # Panics
    /// If it cannot be invited.
    #[must_use]
    pub fn token(&self, node: &Node, lasts: &str) -> PathBuf {
        let out = self.folder.path().join(format!("{}.token", node.name));
        let shown = out.display().to_string();
        let (raft, api) = (node.raft(), node.api());
        let args = ["--raft", &raft, "--api", &api, "--for", lasts, "--out", &shown];
        self.operator.run(&format!("node invite {}", node.name), &args);
        out
    }

    /// Adds a node, starts it, and waits until its API answers.
    pub fn add(&mut self, name: &str, setup: &Setup) {
        let folder = self.folder.path().join(name);
        let (place, hosts) = (self.nodes.len(), setup.hosts.as_ref());
        let address = hosts.map_or_else(loopback::fresh, |hosts| hosts.address(place));
        let node = Node::new(name, folder, address, setup.dns_port);
        let mut node = node.with_small_disk(setup.disk_mib);
        node.program = setup.programs.node();
        node.host = hosts.map(|hosts| hosts.name(place).to_owned());
        node.timers = setup.timers;
        let out = node.folder.display().to_string();
        let addresses = ["--raft", &node.raft(), "--api", &node.api(), "--out", &out];
        wait::until("a node to be added", || {
            let said = self.operator.attempt(&format!("node add {name}"), &addresses);
            if said.code == 0 { Ok(()) } else { Err(said) }
        });
        node.write_config(&setup.places);
        if let (Some(mib), Some(_)) = (setup.disk_mib, hosts) {
            Hosts::mount_disk(&node.folder.join("data"), mib);
        }
        node.start();
        self.nodes.push(node);
        wait::until("the cluster to have a leader", || {
            let said = self.operator.attempt("status --json", &[]);
            if said.code == 0 && !said.json()["leader"].is_null() { Ok(()) } else { Err(said) }
        });
    }

    /// Adds an observer that follows these (`host:port`), and starts it; it is none of `nodes`.
    pub fn add_observer(
        &mut self,
        name: &str,
        setup: &Setup,
        from: &[String],
        places: &[PathBuf],
    ) -> Node {
        let folder = self.folder.path().join(name);
        let mut node = Node::new(name, folder, loopback::fresh(), setup.dns_port);
        let out = node.folder.display().to_string();
        let addresses = ["--feed", &node.raft(), "--api", &node.api(), "--out", &out];
        wait::until("an observer to be added", || {
            let said = self.operator.attempt(&format!("node add {name} --observer"), &addresses);
            if said.code == 0 { Ok(()) } else { Err(said) }
        });
        node.observe(from, places);
        node.start();
        node
    }

    /// Waits until every node is a voter.
    pub fn wait_for_voters(&self) {
        wait::until("every node to be a voter", || {
            let said = self.operator.attempt("node list --json", &[]);
            if said.code != 0 {
                return Err(said);
            }
            let listed = said.json();
            let nodes = listed["nodes"].as_array().cloned().unwrap_or_default();
            let voters = nodes.iter().filter(|n| n["member"] == "voter").count();
            if voters == self.nodes.len() { Ok(()) } else { Err(said) }
        });
    }

    /// A folder for files of the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Applies a traffic file given as text, and waits until every node serves it.
    ///
    /// # Panics
    /// If it is refused.
    pub fn apply(&self, traffic: &str) -> Value {
        let file = self.folder.path().join("traffic.toml");
        std::fs::write(&file, traffic).expect("the folder can be written");
        self.apply_file(&file)
    }

    /// Applies a traffic file, and waits until every node serves it.
    ///
    /// # Panics
    /// If it is refused.
    pub fn apply_file(&self, file: &Path) -> Value {
        let file = file.display().to_string();
        let said = self.operator.run("apply --wait --timeout 30s --json -f", &[&file]);
        said.json()
    }

    /// What applying a traffic file given as text would change.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn apply_dry(&self, traffic: &str) -> Value {
        let file = self.folder.path().join("dry.toml");
        std::fs::write(&file, traffic).expect("the folder can be written");
        self.operator.run("apply --dry-run --json -f", &[&file.display().to_string()]).json()
    }

    /// The node that leads, by its place in `nodes`.
    #[must_use]
    pub fn leader(&self) -> usize {
        wait::until("a leader", || {
            let said = self.operator.attempt("node list --json", &[]);
            if said.code != 0 {
                return Err(said);
            }
            let listed = said.json();
            let leads = listed["nodes"].as_array().and_then(|nodes| {
                nodes.iter().find(|n| n["leads"] == true).and_then(|n| n["name"].as_str())
            });
            let found = leads.and_then(|name| self.nodes.iter().position(|n| n.name == name));
            found.ok_or(said)
        })
    }

    /// Waits until every node of `nodes` gives an answer that `fits`.
    pub fn wait_for_answer(
        &self,
        nodes: &[usize],
        query: &Query,
        fits: impl Fn(&Response) -> bool,
    ) {
        for index in nodes {
            let server = self.nodes[*index].dns();
            wait::until(&format!("{server} to answer as expected: {query:?}"), || {
                let answer = query.send(server).map_err(|e| e.to_string())?;
                if fits(&answer) { Ok(()) } else { Err(format!("{answer:?}")) }
            });
        }
    }

    /// What every node logged, for a failure.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            let _ = writeln!(text, "----- {}\n{}", node.name, node.log());
        }
        text
    }
}
