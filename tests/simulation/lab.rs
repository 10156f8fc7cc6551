//! All nodes of a run, and what is around them.

use crate::clock::pass;
use crate::disk::SimDisk;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::node::Node;
use crate::plan::Plan;
use gslb_consensus::identity::Authority;
use gslb_consensus::model::{Config, document};
use gslb_consensus::raft::{Cluster, Origin, ProposeError, Role};
use gslb_consensus::state::command::{PutConfig, PutNode, SetSeat};
use gslb_consensus::state::{Command, Reply, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long the first nodes may take to agree.
const FORMED: Duration = Duration::from_secs(60);

/// Four regions: the registers that clients set and read.
const TRAFFIC: &str = r#"
[[monitors]]
id = "http"
kind = "http"

[[pools]]
id = "web"
monitor = "http"
"#;

/// The regions whose weights clients set and read.
pub(crate) const REGIONS: [&str; 4] = ["r1", "r2", "r3", "r4"];

/// All nodes of a run, and what is around them.
pub(crate) struct Lab {
    pub(crate) plan: Plan,
    pub(crate) nodes: BTreeMap<u64, Arc<Node>>,
    pub(crate) network: Arc<Network>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) ledger: Ledger,
    /// Ends clients and vantages.
    pub(crate) over: watch::Sender<bool>,
    _dir: TempDir,
}

impl Lab {
    /// Nodes that do not run yet.
    pub(crate) fn new(plan: Plan, journal: &Arc<Journal>) -> Arc<Self> {
        // In memory where there is such a place: marks and snapshots are synced files.
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let authority = Authority::create("sim").unwrap();
        let network = Network::new(plan.seed, plan.weather);
        let node = |id: u64| {
            let disk = SimDisk::new(plan.seed << 8 | id, plan.disk_ms);
            let around = (&network, journal);
            (id, Arc::new(Node::new(id, (dir.path(), &authority), (disk, plan.timers), around)))
        };
        let nodes = (1..=plan.voters + 1).map(node).collect();
        Arc::new(Self {
            plan,
            nodes,
            network,
            journal: Arc::clone(journal),
            ledger: Ledger::default(),
            over: watch::Sender::new(false),
            _dir: dir,
        })
    }

    /// Starts all nodes and has the first ones vote; then declares regions and endpoints.
    pub(crate) async fn form(&self) -> Result<(), String> {
        for node in self.nodes.values() {
            node.start().await;
        }
        for (id, node) in &self.nodes {
            if *id > 1 {
                let put = PutNode { id: *id, record: node.record() };
                self.operate(Command::PutNode(put)).await?;
            }
            if *id > self.plan.voters {
                self.operate(seat(*id, Some(true), None, None)).await?;
            }
        }
        let config = Arc::new(config());
        self.operate(Command::PutConfig(PutConfig { config, expect: None })).await?;
        let voters: Vec<u64> = (1..=self.plan.voters).collect();
        self.until("the first nodes vote", FORMED, || {
            self.clusters().all(|(_, cluster)| {
                let status = cluster.status();
                let votes = status.members.iter().filter(|m| m.voter).map(|m| m.id);
                status.members.len() == self.nodes.len() && votes.eq(voters.iter().copied())
            })
        })
        .await
    }

    /// The nodes that run.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = (u64, Cluster)> {
        self.nodes.iter().filter_map(|(id, node)| Some((*id, node.running()?.1)))
    }

    /// A node that leads, if one says so.
    pub(crate) fn leader(&self) -> Option<(u64, Cluster)> {
        self.clusters().find(|(_, cluster)| cluster.status().role == Role::Leader)
    }

    /// Has a command applied that every run needs, by whichever node takes it.
    pub(crate) async fn operate(&self, command: Command) -> Result<(), String> {
        let origin = Origin::new("lab");
        let mut last = "no node runs".to_owned();
        for _ in 0..60 {
            let target = self.leader().or_else(|| self.clusters().next());
            if let Some((_, cluster)) = target {
                let within = Duration::from_secs(2);
                match cluster.propose_within(command.clone(), origin.clone(), within).await {
                    Ok(Reply::Done { .. }) => return Ok(()),
                    Ok(Reply::Refused { message, .. }) => last = message,
                    Err(error) => last = error.to_string(),
                }
            }
            pass(LOOK * 5).await;
        }
        Err(format!("{} is not done: {last}", command.summary()))
    }

    /// Asks for a change once, as an operator does; whether it is taken is for the cluster to say.
    pub(crate) async fn ask(&self, command: Command) {
        let Some((id, cluster)) = self.leader().or_else(|| self.clusters().next()) else { return };
        let what = command.summary();
        let asked = cluster.propose_within(command, Origin::new("lab"), Duration::from_secs(2));
        let told = match asked.await {
            Ok(Reply::Done { revision, .. }) => format!("done at {revision}"),
            Ok(Reply::Refused { message, .. }) => format!("refused: {message}"),
            Err(ProposeError::Unknown { why }) => format!("unknown: {why}"),
            Err(error) => error.to_string(),
        };
        self.journal.tell(format_args!("{what}, asked of node {id}: {told}"));
    }

    /// Waits until something is so.
    pub(crate) async fn until(
        &self,
        what: &str,
        within: Duration,
        so: impl Fn() -> bool,
    ) -> Result<(), String> {
        let waited = timeout(within, async {
            while !so() && self.journal.broken().is_none() {
                pass(LOOK).await;
            }
        });
        waited.await.map_err(|_| format!("not within {within:?}: {what}\n{}", self.describe()))
    }

    /// What every node says of itself.
    fn describe(&self) -> String {
        let of = |(id, cluster): (u64, Cluster)| {
            let status = cluster.status();
            let voters: Vec<u64> =
                status.members.iter().filter(|m| m.voter).map(|m| m.id).collect();
            format!(
                "node {id}: {:?} of {:?} in term {}, log {}, applied {}, voters {voters:?} of {}, {}",
                status.role,
                status.leader,
                status.term,
                status.last_log_index,
                status.applied_index,
                status.members.len(),
                status.halted.as_deref().unwrap_or("not halted"),
            )
        };
        self.clusters().map(of).collect::<Vec<_>>().join("\n")
    }
}

/// A change of a node's seat.
pub(crate) fn seat(
    id: u64,
    learner: Option<bool>,
    drained: Option<bool>,
    replaced_by: Option<u64>,
) -> Command {
    Command::SetSeat(SetSeat { id, learner, drained, replaced_by, reason: "plan".to_owned() })
}

/// The regions, each with an endpoint in one pool.
fn config() -> Config {
    let mut text = String::new();
    for region in REGIONS {
        text.push_str(&format!("[[regions]]\nid = \"{region}\"\nweight = 1\n\n"));
    }
    text.push_str(TRAFFIC);
    for (number, region) in REGIONS.iter().enumerate() {
        text.push_str(&format!(
            "\n[[pools.endpoints]]\nid = \"{region}-1\"\nregion = \"{region}\"\n\
             address = \"192.0.2.{}\"\n",
            number + 1
        ));
    }
    document::read(&text, None, &|path| Err(path.to_owned())).unwrap_or_else(|f| panic!("{f}"))
}

/// What a state holds of a register: its weight, and the change that set it.
pub(crate) fn held(state: &State, region: &str) -> Option<(u64, gslb_consensus::state::Revision)> {
    let weight = state.weights.regions.get(region)?;
    Some((u64::from(weight.weight), weight.changed))
}
