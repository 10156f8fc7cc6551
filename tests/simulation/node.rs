//! One node through all of its starts.

use crate::disk::SimDisk;
use crate::journal::Journal;
use crate::network::Network;
use gslb_consensus::identity::{Authority, Identity};
use gslb_consensus::raft::simulation::{World, crash, start};
use gslb_consensus::raft::{
    Cluster, ClusterConfig, OpenError, SpaceLimits, StartError, Timers, WallClock,
};
use gslb_consensus::state::NodeRecord;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What all clocks show when a run begins, ms since 1970.
pub(crate) const EPOCH_MS: u64 = 1_800_000_000_000;

/// A node that runs, and which of its starts this is.
pub(crate) type Running = Option<(u64, Cluster)>;

/// One node through all of its starts.
pub(crate) struct Node {
    pub(crate) id: u64,
    pub(crate) disk: SimDisk,
    identity: PathBuf,
    data: PathBuf,
    timers: Timers,
    ahead_ms: Arc<AtomicI64>,
    starts: AtomicU64,
    running: watch::Sender<Running>,
    /// One change of whether it runs at a time.
    turn: tokio::sync::Mutex<()>,
    /// Why it refuses to start for good, if it does.
    shut_out: Mutex<Option<String>>,
    network: Arc<Network>,
    journal: Arc<Journal>,
}

impl Node {
    pub(crate) fn new(
        id: u64,
        (dir, authority): (&Path, &Authority),
        (disk, timers): (SimDisk, Timers),
        (network, journal): (&Arc<Network>, &Arc<Journal>),
    ) -> Self {
        let identity = dir.join(format!("identity-{id}"));
        let files = authority.issue_node(id, &format!("n{id}"), id == 1, &[]).unwrap();
        files.save(&identity).unwrap();
        Self {
            id,
            disk,
            identity,
            data: dir.join(format!("data-{id}")),
            timers,
            ahead_ms: Arc::default(),
            starts: AtomicU64::new(0),
            running: watch::Sender::new(None),
            turn: tokio::sync::Mutex::default(),
            shut_out: Mutex::default(),
            network: Arc::clone(network),
            journal: Arc::clone(journal),
        }
    }

    /// What the agreed state is to say of it.
    pub(crate) fn record(&self) -> NodeRecord {
        let (name, raft, api) =
            (format!("n{}", self.id), format!("n{}:8054", self.id), format!("n{}:8053", self.id));
        NodeRecord { name, raft, api }
    }

    /// The node, if it runs, and which start this is.
    pub(crate) fn running(&self) -> Running {
        self.running.borrow().clone()
    }

    /// Changes of whether it runs.
    pub(crate) fn watch(&self) -> watch::Receiver<Running> {
        self.running.subscribe()
    }

    /// Why it refuses to start, if it does.
    pub(crate) fn shut_out(&self) -> Option<String> {
        self.shut_out.lock().unwrap().clone()
    }

    /// Sets its clock.
    pub(crate) fn set_ahead(&self, ms: i64) {
        self.ahead_ms.store(ms, Ordering::Relaxed);
    }

    fn clock(&self) -> WallClock {
        let (journal, ahead) = (Arc::clone(&self.journal), Arc::clone(&self.ahead_ms));
        WallClock::of(move || {
            (EPOCH_MS + journal.ms()).saturating_add_signed(ahead.load(Ordering::Relaxed))
        })
    }

    /// Starts it, if it does not run.
    pub(crate) async fn start(&self) {
        let _turn = self.turn.lock().await;
        if self.running.borrow().is_some() {
            return;
        }
        let number = self.starts.fetch_add(1, Ordering::Relaxed) + 1;
        let record = self.record();
        let config = ClusterConfig {
            data_dir: self.data.clone(),
            identity: Arc::new(Identity::load(&self.identity).unwrap()),
            advertise: record.raft,
            api: record.api,
            timers: self.timers,
            extra: Default::default(),
            space: SpaceLimits { low_bytes: 0, short_bytes: 0, stop_bytes: 0 },
            clock: self.clock(),
            gate: None,
            feed: Default::default(),
        };
        let post = self.network.attach(self.id, number);
        match start(config, World { post, disk: self.disk.attach() }).await {
            Ok((cluster, routes)) => {
                self.network.open(self.id, number, routes);
                self.journal.tell(format_args!("node {} runs (start {number})", self.id));
                self.running.send_replace(Some((number, cluster)));
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(&self, error: &StartError) {
        self.network.detach(self.id);
        self.journal.tell(format_args!("node {} does not start: {error}", self.id));
        // What the disk refuses just now it may do later; a folder that is not trusted stays so.
        if !matches!(error, StartError::Open(OpenError::File { .. })) {
            *self.shut_out.lock().unwrap() = Some(error.to_string());
        }
    }

    /// Cuts its power: from this moment on it neither speaks nor writes.
    pub(crate) async fn crash(&self) {
        let _turn = self.turn.lock().await;
        let Some((number, cluster)) = self.running.send_replace(None) else { return };
        self.network.detach(self.id);
        self.disk.crash();
        self.journal.tell(format_args!("node {} has crashed (start {number})", self.id));
        crash(&cluster).await;
    }

    /// Stops it as an operator does.
    pub(crate) async fn stop(&self) {
        let _turn = self.turn.lock().await;
        let Some((number, cluster)) = self.running() else { return };
        self.journal.tell(format_args!("node {} stops (start {number})", self.id));
        cluster.shutdown().await;
        self.network.detach(self.id);
        self.running.send_replace(None);
    }
}
