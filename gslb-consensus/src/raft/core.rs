//! What all tasks of a node's part in the cluster share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::{Instant as _, ServerState};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::address_book::AddressBook;
use super::cluster::Gate;
use super::disk_pace::{DiskPace, Stopwatch};
use super::messenger::Messenger;
use super::observer::ObserverPart;
use super::snapshot::SnapshotFolder;
use super::space::{Space, SpaceLimits};
use super::status::{Member, RaftStatus, Role};
use super::store::LogStore;
use super::timekeeper::Timekeeper;
use super::timers::Timers;
use super::types::{Raft, TypeConfig};
use super::view::View;
use crate::follow::Desk;
use crate::identity::Identity;

/// What openraft measures of itself.
pub(crate) type Metrics = openraft::RaftMetrics<TypeConfig>;

/// What all tasks of a node's part in the cluster share.
pub(crate) struct Core {
    pub(crate) identity: Arc<Identity>,
    pub(crate) timers: Timers,
    pub(crate) data_uuid: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) space_limits: SpaceLimits,
    /// The room of the data folder, as last seen.
    pub(crate) space: watch::Sender<Space>,
    /// Takes the time of writes to the log.
    pub(crate) disk: Arc<Stopwatch>,
    pub(crate) advertise: String,
    pub(crate) api: String,
    pub(crate) view: Arc<View>,
    pub(crate) book: Arc<AddressBook>,
    pub(crate) messenger: Arc<Messenger>,
    pub(crate) snapshots: Arc<SnapshotFolder>,
    pub(crate) gate: Option<Gate>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) raft: watch::Sender<Option<Raft>>,
    pub(crate) status: watch::Sender<Arc<RaftStatus>>,
    pub(crate) started: Instant,
    pub(crate) time: Timekeeper,
    /// Held by who raises the generation.
    pub(crate) raising: tokio::sync::Mutex<()>,
    /// Whether another node meant a data folder that is not here.
    pub(crate) stranger: AtomicBool,
    /// What followers are fed by, and what they say of themselves.
    pub(crate) desk: Desk,
    /// The part of an observer; none: a member.
    pub(crate) observer: Option<ObserverPart>,
    /// The log of the Raft that runs.
    pub(crate) store: Mutex<Option<LogStore>>,
    /// Places for commands of callers; the node's own need none.
    pub(crate) places: Arc<Semaphore>,
    /// Places for snapshots that arrive.
    pub(crate) receiving: Semaphore,
    /// The place for a snapshot that is sent.
    pub(crate) sending: Arc<Semaphore>,
    /// When a leader was last heard, ms after `started` and one more; 0: never.
    pub(crate) heard: AtomicU64,
}

impl Core {
    /// Raft, if it runs.
    pub(crate) fn raft(&self) -> Option<Raft> {
        self.raft.borrow().clone()
    }

    /// The log, if Raft runs.
    pub(crate) fn store(&self) -> Option<LogStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes down the log of the Raft that runs; none: it runs no longer.
    pub(crate) fn set_store(&self, store: Option<LogStore>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// What Raft measures now, if it runs.
    pub(crate) fn metrics(&self) -> Option<Metrics> {
        // Cloned at once: a borrow that is held stops Raft from publishing (openraft #1238).
        self.raft.borrow().as_ref().map(|raft| raft.metrics().borrow_watched().clone())
    }

    /// Takes down that the leader spoke to this node and was listened to.
    pub(crate) fn hear_leader(&self) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(ms.saturating_add(1), Ordering::Relaxed);
    }

    /// Takes down whether the data folder is one that the other nodes do not mean.
    pub(crate) fn set_stranger(&self, is_stranger: bool) {
        if self.stranger.swap(is_stranger, Ordering::Relaxed) != is_stranger {
            self.refresh_status();
        }
    }

    /// How long ago this node knew of a quorum: its own as a leader, else its leader's word.
    pub(crate) fn quorum_age(&self, metrics: &Metrics) -> Option<Duration> {
        if metrics.state == ServerState::Leader {
            let mut voters = metrics.membership_config.voter_ids();
            if voters.next() == Some(metrics.id) && voters.next().is_none() {
                return Some(Duration::ZERO);
            }
            if let Some(acked) = &metrics.last_quorum_acked {
                return Some(acked.elapsed());
            }
        }
        match self.heard.load(Ordering::Relaxed) {
            0 => None,
            at => Some(self.started.elapsed().saturating_sub(Duration::from_millis(at - 1))),
        }
    }

    /// Whether it has been longer without a quorum than an election takes.
    pub(crate) fn has_lost_quorum(&self) -> bool {
        let Some(metrics) = self.metrics() else { return false };
        let age = self.quorum_age(&metrics).unwrap_or_else(|| self.started.elapsed());
        age > self.timers.patience()
    }

    /// The status as it is now.
    pub(crate) fn status_now(&self) -> RaftStatus {
        let mut status = match self.metrics() {
            _ if self.observer.is_some() => self.observer_status(),
            Some(metrics) => self.status_of(&metrics),
            None => RaftStatus {
                applied_index: self.view.applied().unwrap_or(0),
                ..RaftStatus::stopped(self.identity.node_id)
            },
        };
        status.halted = self.view.halted();
        status.space = *self.space.borrow();
        status.is_stranger = self.stranger.load(Ordering::Relaxed);
        status.disk = self.disk.read(Instant::now());
        status
    }

    fn status_of(&self, metrics: &Metrics) -> RaftStatus {
        let voters: Vec<u64> = metrics.membership_config.voter_ids().collect();
        let member = |(id, dial): (&u64, &super::types::Dial)| Member {
            id: *id,
            voter: voters.contains(id),
            raft: dial.raft.clone(),
        };
        let role = match metrics.state {
            ServerState::Learner => Role::Learner,
            ServerState::Follower => Role::Follower,
            ServerState::Candidate => Role::Candidate,
            ServerState::Leader => Role::Leader,
            ServerState::Shutdown => Role::Stopped,
        };
        let age = self.quorum_age(metrics);
        RaftStatus {
            node_id: metrics.id,
            leader: metrics.current_leader,
            role,
            term: metrics.current_term,
            last_log_index: metrics.last_log_index.unwrap_or(0),
            applied_index: self.view.applied().unwrap_or(0),
            members: metrics.membership_config.nodes().map(member).collect(),
            quorum_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            halted: None,
            is_stranger: false,
            space: Space::default(),
            disk: DiskPace::default(),
            clocks_apart_s: self.time.apart_s(),
        }
    }

    /// Publishes the status, if more of it changed than ages and times.
    pub(crate) fn refresh_status(&self) {
        let now = self.status_now();
        self.status.send_if_modified(|shown| {
            // The free bytes move all the time; the step that they lead to is the news.
            let space = Space { free_bytes: shown.space.free_bytes, ..now.space };
            let (quorum_age_ms, disk) = (shown.quorum_age_ms, shown.disk);
            let same = RaftStatus { quorum_age_ms, space, disk, ..now.clone() } == **shown;
            if !same {
                *shown = Arc::new(now);
            }
            !same
        });
    }

    /// Resolves when the node closes.
    pub(crate) async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}
