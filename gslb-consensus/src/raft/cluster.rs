//! The handle that the rest of the node holds.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use axum::Router;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;

use super::core::Core;
use super::errors::{ProposeError, ReadError, StartError, TransferError};
use super::observer::FeedConfig;
use super::peer_client::PeerClient;
use super::propose::Origin;
use super::space::SpaceLimits;
use super::start::{new_core, serve};
use super::status::RaftStatus;
use super::store::Folder;
use super::timekeeper::WallClock;
use super::timers::Timers;
use crate::identity::Identity;
use crate::state::command::RemoveNode;
use crate::state::{Command, NodeRecord, Reply, State};

/// Asked on the leader before a command is proposed; what it refuses is never committed.
pub type Gate = Arc<dyn Fn(&State, &Command) -> Result<(), Reply> + Send + Sync>;

/// How long a command may take, if the caller does not say.
const PROPOSE: Duration = Duration::from_secs(10);

/// Threads of the cluster's runtime.
const THREADS: usize = 2;

/// What a node needs to take its place in the cluster.
pub struct ClusterConfig {
    /// The data folder; made if it is not there.
    pub data_dir: PathBuf,
    /// Who this node is.
    pub identity: Arc<Identity>,
    /// `host:port` where other nodes reach that socket.
    pub advertise: String,
    /// `host:port` where operators reach this node's API.
    pub api: String,
    /// How patient the nodes are with each other.
    pub timers: Timers,
    /// The node's own routes for other nodes and operators, served beside Raft's.
    pub extra: Router,
    /// Free bytes of the data folder's file system below which the node takes its steps.
    pub space: SpaceLimits,
    /// The node's wall clock.
    pub clock: WallClock,
    /// The trial before a command is proposed.
    pub gate: Option<Gate>,
    /// What is fed to observers, and whom an observer follows.
    pub feed: FeedConfig,
}

/// A node's place in the cluster. Copies are the same place; the last one to go closes it.
#[derive(Clone)]
pub struct Cluster {
    pub(super) core: Arc<Core>,
    pub(super) owner: Arc<Owner>,
    pub(super) address: SocketAddr,
}

/// Ends the cluster's runtime.
pub(super) struct Owner {
    /// None in a simulation, which has one for all nodes.
    pub(super) runtime: Mutex<Option<Runtime>>,
    pub(super) closing: watch::Sender<bool>,
    pub(super) closed: watch::Receiver<bool>,
}

impl Owner {
    /// Lets go of the runtime; its threads end by themselves.
    fn release(&self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.release();
    }
}

impl Cluster {
    /// Opens the data folder, restores what was committed, starts Raft and serves other nodes on a
    /// bound socket.
    ///
    /// Runs on threads of its own; blocks the caller until the state is restored, which needs
    /// no other node. A founder with an empty folder begins the cluster as its only voter.
    pub fn start(config: ClusterConfig, listener: TcpListener) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::System)?;
        listener.set_nonblocking(true).map_err(StartError::System)?;
        let folder = Folder::open(&config.data_dir, &config.identity)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("gslb-raft")
            .enable_all()
            .build()
            .map_err(StartError::System)?;
        let core = Arc::new(new_core(&config, &folder, runtime.handle().clone(), None)?);
        let (started, answer) = mpsc::channel();
        let (done, closed) = watch::channel(false);
        let closing = core.closing.clone();
        let tasks = Arc::clone(&core);
        runtime.spawn(async move {
            match serve(&tasks, folder, listener, config.extra).await {
                Ok(mut running) => {
                    let _ = started.send(Ok(()));
                    while running.join_next().await.is_some() {}
                }
                Err(error) => drop(started.send(Err(error))),
            }
            let _ = done.send(true);
        });
        let owner = Arc::new(Owner { runtime: Mutex::new(Some(runtime)), closing, closed });
        match answer.recv() {
            Ok(Ok(())) => Ok(Self { core, owner, address }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::Raft("its first task ended early".to_owned())),
        }
    }

    /// Ends all of it: when this returns, the port and the data folder are free.
    ///
    /// A leader hands over first, so that writes hardly pause; it does not wait long for it.
    pub async fn shutdown(&self) {
        if !*self.owner.closing.borrow() {
            let core = Arc::clone(&self.core);
            let aside = self
                .core
                .runtime
                .spawn(async move { timeout(core.timers.election(), core.step_aside()).await });
            let _ = aside.await;
        }
        self.close().await;
    }

    /// Ends all of it at once; the others notice by themselves.
    pub(super) async fn close(&self) {
        self.owner.closing.send_replace(true);
        let _ = self.owner.closed.clone().wait_for(|closed| *closed).await;
        self.owner.release();
    }

    /// Where the socket for other nodes is bound.
    pub fn raft_address(&self) -> SocketAddr {
        self.address
    }

    /// The agreed state as this node has applied it, with every change.
    pub fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.core.view.watch_state()
    }

    /// The agreed state as this node has applied it.
    pub fn state(&self) -> Arc<State> {
        self.core.view.state()
    }

    /// Changes the agreed state, through the leader wherever it is.
    ///
    /// The state of this node shows the change when the reply comes, if this node leads; else
    /// it may be a moment behind: wait for the reply's revision in [`Self::watch`].
    pub async fn propose(&self, command: Command, origin: Origin) -> Result<Reply, ProposeError> {
        self.propose_within(command, origin, PROPOSE).await
    }

    /// As [`Self::propose`], with a deadline of the caller's.
    pub async fn propose_within(
        &self,
        command: Command,
        origin: Origin,
        within: Duration,
    ) -> Result<Reply, ProposeError> {
        if *self.owner.closing.borrow() {
            return Err(ProposeError::Stopped { why: "the node closes".to_owned() });
        }
        let core = Arc::clone(&self.core);
        // What nodes report comes from one task each and must get through a flood of callers.
        let place = match origin.caller.is_operator() {
            false => None,
            true => match Arc::clone(&core.places).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => return Err(ProposeError::Busy),
            },
        };
        // On the cluster's runtime: a caller that goes away does not cut the command off.
        let proposed = self.core.runtime.spawn(async move {
            let reply = core.propose(command, origin, within).await;
            drop(place);
            reply
        });
        proposed.await.unwrap_or_else(|error| Err(ProposeError::Unknown { why: error.to_string() }))
    }

    /// What this node does in Raft now.
    pub fn status(&self) -> RaftStatus {
        self.core.status_now()
    }

    /// Changes of what this node does in Raft.
    pub fn status_changes(&self) -> watch::Receiver<Arc<RaftStatus>> {
        self.core.status.subscribe()
    }

    /// The state with every change that was answered anywhere before this call.
    pub async fn linearizable(&self) -> Result<Arc<State>, ReadError> {
        let core = Arc::clone(&self.core);
        let read = self.core.runtime.spawn(async move { core.read_newest().await });
        read.await.unwrap_or(Err(ReadError::Stopped))
    }

    /// Records a node; the leader then makes it a learner and, once it has caught up, a voter.
    ///
    /// With an id the node is recorded under it; without, it is given the next one, which the
    /// reply names.
    pub async fn add_node(
        &self,
        id: Option<u64>,
        record: NodeRecord,
        origin: Origin,
    ) -> Result<Reply, ProposeError> {
        let command = match id {
            Some(id) => Command::PutNode(crate::state::command::PutNode { id, record }),
            None => Command::AddNode(record),
        };
        self.propose(command, origin).await
    }

    /// Removes a node; the leader then takes its vote and its membership.
    pub async fn remove_node(&self, id: u64, origin: Origin) -> Result<Reply, ProposeError> {
        self.propose(Command::RemoveNode(RemoveNode { id }), origin).await
    }

    /// Hands the lead to another voter; returns when this node has heard that it leads.
    pub async fn transfer_leader(&self, to: u64) -> Result<(), TransferError> {
        let core = Arc::clone(&self.core);
        let handed = self.core.runtime.spawn(async move { core.transfer(to).await });
        handed.await.unwrap_or_else(|error| Err(TransferError::Failed(error.to_string())))
    }

    /// How patient the nodes are with each other.
    pub fn timers(&self) -> Timers {
        self.core.timers
    }

    /// Calls to another node, for routes of the node's own.
    pub fn peer(&self, id: u64) -> PeerClient {
        PeerClient { core: Arc::clone(&self.core), id }
    }
}

#[cfg(test)]
impl Cluster {
    /// Lets every later write of the log fail.
    pub(super) fn fail_disk_for_test(&self) {
        self.core.store().unwrap().fail_from_now_on();
    }

    /// Puts bytes into the log that are no command of this version.
    pub(super) fn poison_for_test(&self) {
        let raft = self.core.raft().unwrap();
        let bytes: Arc<[u8]> = b"from a later version".as_slice().into();
        self.core.runtime.spawn(async move {
            let _ = raft.client_write(super::types::Proposal(bytes)).await;
        });
    }

    /// Makes a snapshot and purges all of the log that it holds.
    pub(super) async fn purge_for_test(&self) {
        use openraft::async_runtime::WatchReceiver;
        let raft = self.core.raft().unwrap();
        raft.trigger().snapshot().await.unwrap();
        let mut metrics = raft.metrics();
        while metrics.borrow_watched().snapshot.is_none() {
            metrics.changed().await.unwrap();
        }
        let upto = metrics.borrow_watched().snapshot.unwrap().index;
        raft.trigger().purge_log(upto).await.unwrap();
        self.purged_for_test(upto).await;
    }

    /// Waits until the log is purged up to an index.
    pub(super) async fn purged_for_test(&self, upto: u64) {
        use openraft::async_runtime::WatchReceiver;
        let mut metrics = self.core.raft().unwrap().metrics();
        while metrics.borrow_watched().purged.is_none_or(|id| id.index < upto) {
            metrics.changed().await.unwrap();
        }
    }
}
