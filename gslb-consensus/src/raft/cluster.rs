//! The handle that the rest of the node holds.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use axum::Router;
use openraft::{Instant as _, ReadPolicy, ServerState};
use reqwest::{Method, StatusCode};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::address_book::AddressBook;
use super::clocks;
use super::core::Core;
use super::disk_pace::Stopwatch;
use super::errors::{ProposeError, ReadError, StartError, TransferError};
use super::generations;
use super::leader_tasks;
use super::listener::Listener;
use super::membership;
use super::messenger::{Lane, Messenger};
use super::observer::{self, FeedConfig};
use super::peer_client::PeerClient;
use super::propose::Origin;
use super::routes;
use super::simulation::Post;
use super::snapshot::SnapshotFolder;
use super::space::{Space, SpaceLimits};
use super::space_keeper;
use super::status::RaftStatus;
use super::steps::{Sight, may_lead};
use super::store::Folder;
use super::supervisor::{Running, supervise};
use super::timekeeper::{Timekeeper, WallClock};
use super::timers::Timers;
use super::view::View;
use crate::identity::Identity;
use crate::model::limits::PROPOSALS_MAX;
use crate::state::command::RemoveNode;
use crate::state::{Command, NodeRecord, Reply, State};

/// Asked on the leader before a command is proposed; what it refuses is never committed.
pub type Gate = Arc<dyn Fn(&State, &Command) -> Result<(), Reply> + Send + Sync>;

/// How long a command may take, if the caller does not say.
const PROPOSE: Duration = Duration::from_secs(10);

/// How long a read of the newest state may take.
const READ: Duration = Duration::from_secs(5);

/// Snapshots that are received at once: a leader's, and that of the one before it for a moment.
const RECEIVING: usize = 2;

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

/// What the tasks share; `post` is the network of a simulation.
pub(super) fn new_core(
    config: &ClusterConfig,
    folder: &Folder,
    runtime: tokio::runtime::Handle,
    post: Option<Arc<dyn Post>>,
) -> Result<Core, StartError> {
    let book = Arc::new(AddressBook::default());
    let messenger = match post {
        Some(post) => Messenger::Simulated(post),
        None => Messenger::new(&config.identity, &book, config.timers)?,
    };
    let (desk, observer) = observer::parts(config)?;
    let snapshots = SnapshotFolder::open(folder.snapshots()).map_err(StartError::System)?;
    Ok(Core {
        identity: Arc::clone(&config.identity),
        timers: config.timers,
        data_uuid: folder.data_uuid().to_owned(),
        data_dir: config.data_dir.clone(),
        space_limits: config.space,
        space: watch::Sender::new(config.space.look(&config.data_dir, Space::default())),
        disk: Arc::new(Stopwatch::new(config.timers.heartbeat() / 2)),
        advertise: config.advertise.clone(),
        api: config.api.clone(),
        view: Arc::new(View::new()),
        book,
        messenger: Arc::new(messenger),
        snapshots: Arc::new(snapshots),
        gate: config.gate.clone(),
        runtime,
        closing: watch::Sender::new(false),
        raft: watch::Sender::new(None),
        status: watch::Sender::new(Arc::new(RaftStatus::stopped(config.identity.node_id))),
        started: Instant::now(),
        time: Timekeeper::new(config.clock.clone()),
        raising: tokio::sync::Mutex::new(()),
        stranger: AtomicBool::new(false),
        desk,
        observer,
        store: Mutex::default(),
        places: Arc::new(Semaphore::new(PROPOSALS_MAX)),
        receiving: Semaphore::new(RECEIVING),
        sending: Arc::new(Semaphore::new(1)),
        heard: AtomicU64::new(0),
    })
}

/// Starts Raft and its tasks, and serves other nodes.
async fn serve(
    core: &Arc<Core>,
    folder: Folder,
    listener: TcpListener,
    extra: Router,
) -> Result<JoinSet<()>, StartError> {
    core.stand_for_feed();
    let socket = tokio::net::TcpListener::from_std(listener).map_err(StartError::System)?;
    let listener = Listener {
        socket,
        identity: Arc::clone(&core.identity),
        router: routes::router(Arc::clone(core), extra),
        closing: core.closing.subscribe(),
    };
    if core.observer.is_some() {
        return core.start_observing(folder, listener);
    }
    let mut tasks = start_tasks(core, folder).await?;
    tasks.spawn(listener.run());
    Ok(tasks)
}

/// Starts Raft, then what tends it.
pub(super) async fn start_tasks(
    core: &Arc<Core>,
    folder: Folder,
) -> Result<JoinSet<()>, StartError> {
    let running = match Running::start(core, &folder).await {
        Ok(running) => Some(running),
        Err(StartError::Halted(_)) => None,
        Err(error) => return Err(error),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(supervise(Arc::clone(core), folder, running));
    tasks.spawn(leader_tasks::run(Arc::clone(core)));
    tasks.spawn(space_keeper::run(Arc::clone(core)));
    tasks.spawn(membership::run(Arc::clone(core)));
    tasks.spawn(clocks::run(Arc::clone(core)));
    tasks.spawn(generations::run(Arc::clone(core)));
    tasks.spawn(Arc::clone(core).feed());
    Ok(tasks)
}

impl Core {
    /// The newest state: a quorum confirms how far it goes, then this node applies up to there.
    async fn read_newest(&self) -> Result<Arc<State>, ReadError> {
        if self.observer.is_some() {
            let why = "this node is an observer: ask a member".to_owned();
            return Err(ReadError::NoLeader { why });
        }
        let deadline = Instant::now() + READ;
        let mut status = self.status.subscribe();
        loop {
            status.mark_unchanged();
            let why = match timeout_at(deadline, self.read_index()).await {
                Ok(Ok(index)) => {
                    let mut applied = self.view.watch_applied();
                    let reached = applied.wait_for(|at| *at >= Some(index));
                    if timeout_at(deadline, reached).await.is_ok() {
                        return Ok(self.view.state());
                    }
                    "this node is behind".to_owned()
                }
                Ok(Err(why)) => why,
                Err(_) => "no answer in time".to_owned(),
            };
            if Instant::now() >= deadline || self.has_lost_quorum() {
                return Err(ReadError::NoLeader { why });
            }
            let _ = timeout(Duration::from_millis(100), status.changed()).await;
        }
    }

    /// How far the log was committed when this was called, by the leader's word and a quorum's.
    async fn read_index(&self) -> Result<u64, String> {
        let raft = self.raft().ok_or("Raft does not run")?;
        let leader = self.metrics().and_then(|metrics| metrics.current_leader);
        let leader = leader.ok_or("no leader is known")?;
        if leader == self.identity.node_id {
            let read = raft.get_read_log_id(ReadPolicy::ReadIndex).await;
            return read.map(|(id, _)| id.index()).map_err(|error| error.to_string());
        }
        let route = (Method::GET, "/cluster/v1/read-index");
        let answer = self.messenger.call(Lane::Log, route, (leader, ""), "", READ).await;
        let (status, body) = answer.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&body);
        if status != StatusCode::OK {
            return Err(format!("node {leader} answered {status}: {text}"));
        }
        text.parse().map_err(|_| format!("node {leader} answered {text:?}"))
    }

    /// Hands the lead, if this node has it, to the voter that has got farthest.
    pub(super) async fn step_aside(&self) {
        let Some(metrics) = self.metrics() else { return };
        if metrics.state != ServerState::Leader {
            return;
        }
        let matched = |id: &u64| metrics.replication.as_ref().and_then(|all| all.get(id).copied());
        let state = self.view.state();
        let sight = Sight { alive: self.alive(&metrics), ..Sight::default() };
        let others = metrics.membership_config.voter_ids();
        let others = others.filter(|id| may_lead(&state, &sight, metrics.id, *id));
        // One without an acknowledged entry, or not heard lately, would only cost time.
        let alive = others.filter(|id| {
            let heard = metrics.heartbeat.as_ref().and_then(|all| all.get(id)?.as_ref());
            heard.is_some_and(|at| at.elapsed() < self.timers.heartbeat() * 2)
        });
        if let Some(heir) = alive.max_by_key(matched)
            && let Err(error) = self.transfer(heir).await
        {
            tracing::warn!(%error, "this node could not hand over the lead");
        }
    }

    /// Hands the lead over and waits until it is so.
    async fn transfer(&self, to: u64) -> Result<(), TransferError> {
        let failed = |why: &dyn std::fmt::Display| TransferError::Failed(why.to_string());
        let metrics = self.metrics().ok_or(TransferError::NoLeader)?;
        if !metrics.membership_config.voter_ids().any(|voter| voter == to) {
            return Err(TransferError::NoVoter(to));
        }
        let leader = metrics.current_leader.ok_or(TransferError::NoLeader)?;
        if leader == self.identity.node_id {
            let raft = self.raft().ok_or(TransferError::NoLeader)?;
            raft.trigger().transfer_leader(to).await.map_err(|error| failed(&error))?;
        } else {
            let path = format!("/cluster/v1/lead/{to}");
            let route = (Method::POST, path.as_str());
            let answer = self.messenger.call(Lane::Urgent, route, (leader, ""), "", READ).await;
            let (status, body) = answer.map_err(|error| failed(&error))?;
            if status != StatusCode::OK {
                let text = String::from_utf8_lossy(&body);
                return Err(failed(&format_args!("node {leader} answered {status}: {text}")));
            }
        }
        let mut status = self.status.subscribe();
        let leads = status.wait_for(|status| status.leader == Some(to));
        match timeout(self.timers.patience(), leads).await {
            Ok(_) => Ok(()),
            Err(_) => Err(failed(&"the other node did not take it in time")),
        }
    }
}
