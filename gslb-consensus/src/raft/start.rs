//! What a node starts in its place in the cluster: what the tasks share, then the tasks.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::address_book::AddressBook;
use super::clocks;
use super::cluster::ClusterConfig;
use super::core::Core;
use super::disk_pace::Stopwatch;
use super::errors::StartError;
use super::generations;
use super::leader_tasks;
use super::listener::Listener;
use super::membership;
use super::messenger::Messenger;
use super::observer;
use super::routes;
use super::simulation::Post;
use super::snapshot::SnapshotFolder;
use super::space::Space;
use super::space_keeper;
use super::status::RaftStatus;
use super::store::Folder;
use super::supervisor::{Running, supervise};
use super::timekeeper::Timekeeper;
use super::view::View;
use crate::model::limits::PROPOSALS_MAX;

/// Snapshots that are received at once: a leader's, and that of the one before it for a moment.
const RECEIVING: usize = 2;

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
pub(super) async fn serve(
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
