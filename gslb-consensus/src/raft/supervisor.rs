//! Keeps Raft running: a failed disk or a panic ends one Raft, never the node.
//!
//! ```text
//!  start --> running -- storage error, panic, full disk --> stopped -- room, 1..60 s --> start again
//!               |                                       |
//!               +------------- the node closes ---------+--> closed: log and folder are free
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::storage::RaftLogStorage;
use tokio::sync::watch;
use tokio::time::{Instant, interval, timeout};

use super::background::in_place;
use super::core::Core;
use super::errors::StartError;
use super::log_age::LogAge;
use super::machine::StateMachine;
use super::network::Network;
use super::space::{Space, SpaceLevel};
use super::store::{Folder, LogStore, OpenError};
use super::timers::SNAPSHOT_BYTES;
use super::types::{Dial, Raft};

/// The shortest and the longest pause before Raft is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long Raft's tasks may take to end.
const STOP: Duration = Duration::from_secs(5);

/// How often it is looked whether the log has grown old.
const AGE_ROUND: Duration = Duration::from_secs(30);

/// A Raft that runs, and its log.
pub(crate) struct Running {
    raft: Raft,
    store: LogStore,
}

impl Running {
    /// Opens log and state and starts Raft; what was committed is applied when this returns.
    pub(crate) async fn start(core: &Core, folder: &Folder) -> Result<Self, StartError> {
        let store = in_place(|| LogStore::open(folder, &core.disk))?;
        core.set_store(Some(store.clone()));
        match Self::start_on(core, folder, store.clone()).await {
            Ok(raft) => Ok(Self { raft, store }),
            Err(error) => {
                core.set_store(None);
                in_place(|| store.close());
                Err(error)
            }
        }
    }

    async fn start_on(
        core: &Core,
        folder: &Folder,
        mut store: LogStore,
    ) -> Result<Raft, StartError> {
        let raft_error = |error: &dyn std::fmt::Display| StartError::Raft(error.to_string());
        let (snapshots, view) = (Arc::clone(&core.snapshots), Arc::clone(&core.view));
        let closing = core.closing.subscribe();
        let machine = in_place(|| StateMachine::open(snapshots, view, closing))
            .map_err(StartError::System)?;
        machine
            .check_owner(core.identity.node_id, &core.data_uuid)
            .map_err(|why| OpenError::Foreign { folder: folder.snapshots(), why })?;
        let purged = store.get_log_state().await.map_err(StartError::System)?.last_purged_log_id;
        if machine.applied() < purged {
            let why = "no whole snapshot holds the entries that were purged from the log";
            let path = folder.snapshots();
            return Err(OpenError::Damaged { path, why: why.to_owned() }.into());
        }
        let config = core.timers.openraft(&core.identity.cluster);
        let config = config.validate().map_err(|error| raft_error(&error))?;
        let network = Network {
            own_id: core.identity.node_id,
            patience: core.timers.election(),
            messenger: Arc::clone(&core.messenger),
            sending: Arc::clone(&core.sending),
            book: Arc::clone(&core.book),
        };
        let found = store.is_new() && core.identity.founder;
        if found && core.identity.has_founded() {
            return Err(OpenError::Missing { path: folder.log_path() }.into());
        }
        let id = core.identity.node_id;
        core.view.set_halted(None);
        let mut halted = core.view.watch_halted();
        // The log is applied up to what is committed; a command that is not known stops it there.
        let raft = tokio::select! {
            raft = Raft::new(id, Arc::new(config), network, store, machine) => {
                raft.map_err(|error| raft_error(&error))?
            }
            Ok(_) = halted.wait_for(Option::is_some) => {
                return Err(StartError::Halted(core.view.halted().unwrap_or_default()));
            }
        };
        if found {
            let dial = Dial { raft: core.advertise.clone(), data_uuid: core.data_uuid.clone() };
            raft.initialize(BTreeMap::from([(id, dial)]))
                .await
                .map_err(|error| raft_error(&error))?;
            if let Err(error) = core.identity.set_founded() {
                tracing::warn!(%error, "a loss of the data folder would not be noticed");
            }
        }
        // Alone there is nobody whose lead it could disturb, and DNS waits for a leader.
        let alone = raft
            .with_raft_state(move |state| state.membership_state.effective().voter_ids().eq([id]));
        if alone.await.map_err(|error| raft_error(&error))? {
            raft.trigger().elect(false).await.map_err(|error| raft_error(&error))?;
        }
        Ok(raft)
    }

    /// Purges the entries that a new snapshot holds, if they are large.
    ///
    /// The log is in memory, and Raft keeps thousands of entries for followers that lag: cheap if
    /// they are small. Of large ones the snapshot is no more to send.
    async fn forget_large_entries(&self, snapshot: Option<u64>) {
        if let Some(upto) = snapshot
            && self.store.command_bytes(upto) > SNAPSHOT_BYTES
        {
            let _ = self.raft.trigger().purge_log(upto).await;
        }
    }

    /// Ends Raft and closes the log.
    async fn stop(self) {
        let _ = timeout(STOP, self.raft.shutdown()).await;
        in_place(|| self.store.close());
    }
}

/// Watches over Raft until the node closes; then log and folder are free for another process.
pub(crate) async fn supervise(core: Arc<Core>, mut folder: Folder, first: Option<Running>) {
    let Some(mut running) = first else {
        // Only an upgrade helps; until then the node answers with the state up to there.
        core.refresh_status();
        core.closed().await;
        return;
    };
    loop {
        core.raft.send_replace(Some(running.raft.clone()));
        core.refresh_status();
        let failure = watch_over(&core, &running).await;
        core.raft.send_replace(None);
        core.set_store(None);
        running.stop().await;
        let Some(why) = failure else { break };
        tracing::error!(%why, "Raft has stopped on this node; it will be started again");
        core.view.set_halted(Some(why));
        core.refresh_status();
        match start_again(&core, &mut folder).await {
            Some(again) => running = again,
            None => break,
        }
    }
    core.refresh_status();
    drop(folder);
}

/// Tries until Raft runs again; none if the node closes meanwhile.
async fn start_again(core: &Core, folder: &mut Folder) -> Option<Running> {
    let mut pause = BACKOFF.0;
    loop {
        core.room().await;
        core.rest(pause).await;
        if *core.closing.borrow() {
            return None;
        }
        let refreshed = in_place(|| folder.refresh(&core.identity));
        let started = match refreshed {
            Ok(()) => Running::start(core, folder).await,
            Err(error) => Err(error.into()),
        };
        match started {
            Ok(running) => return Some(running),
            Err(error) => {
                tracing::error!(%error, "Raft did not start");
                core.view.set_halted(Some(error.to_string()));
                core.refresh_status();
            }
        }
        pause = (pause * 2).min(BACKOFF.1);
    }
}

/// Publishes the status as it changes; ends with why Raft failed, or none if the node closes.
async fn watch_over(core: &Core, running: &Running) -> Option<String> {
    let raft = &running.raft;
    let mut metrics = raft.metrics();
    let mut snapshot = None;
    let mut age = LogAge::new(snapshot, Instant::now());
    let mut applied = core.view.watch_applied();
    let mut halted = core.view.watch_halted();
    let mut space = core.space.subscribe();
    let mut look = interval(AGE_ROUND);
    loop {
        tokio::select! {
            changed = metrics.changed() => {
                let state = metrics.borrow_watched().running_state.clone();
                if let Err(fatal) = state {
                    return Some(fatal.to_string());
                }
                if changed.is_err() {
                    return Some("its tasks are gone".to_owned());
                }
                let newest = metrics.borrow_watched().snapshot.map(|id| id.index);
                if newest != snapshot {
                    snapshot = newest;
                    age.note(newest, Instant::now());
                    running.forget_large_entries(newest).await;
                }
            }
            _ = applied.changed() => {
                if core.view.unsaved_bytes() > SNAPSHOT_BYTES {
                    core.view.saved();
                    let _ = raft.trigger().snapshot().await;
                }
            }
            _ = look.tick() => {
                if let Some(purge) = age.due(core.view.applied(), Instant::now()) {
                    let _ = raft.trigger().snapshot().await;
                    if let Some(upto) = purge {
                        let _ = raft.trigger().purge_log(upto).await;
                    }
                }
            }
            full = until_full(&mut space) => return Some(full),
            _ = halted.changed() => {}
            () = core.closed() => return None,
        }
        core.refresh_status();
    }
}

/// Resolves when the disk is full, with what to say of it.
async fn until_full(space: &mut watch::Receiver<Space>) -> String {
    let found = space.wait_for(|space| space.level == SpaceLevel::Full).await.map(|space| *space);
    match found {
        Ok(space) => space.to_string(),
        Err(_) => std::future::pending().await,
    }
}
