//! The state machine: the agreed state in memory, brought forward by committed entries.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend};
use tokio::sync::watch;

use super::background::in_background;
use super::snapshot::{SnapshotFile, SnapshotFolder, check_owner};
use super::types::{
    LogId, Outcome, Proposal, Snapshot, SnapshotMeta, StoredMembership, TypeConfig,
};
use super::view::View;
use crate::state::{Envelope, State};

/// The newest snapshot: what it says of itself, and where it lies.
type Newest = Arc<Mutex<Option<(SnapshotMeta, SnapshotFile)>>>;

/// The agreed state and what Raft needs to know of it.
pub(crate) struct StateMachine {
    state: State,
    applied: Option<LogId>,
    membership: StoredMembership,
    snapshots: Arc<SnapshotFolder>,
    newest: Newest,
    view: Arc<View>,
    closing: watch::Receiver<bool>,
}

impl StateMachine {
    /// Starts from the newest snapshot; openraft then applies the log up to what is committed.
    pub(crate) fn open(
        snapshots: Arc<SnapshotFolder>,
        view: Arc<View>,
        closing: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let found = snapshots.newest()?;
        let mut machine = Self {
            state: State::default(),
            applied: None,
            membership: StoredMembership::default(),
            snapshots,
            newest: Arc::default(),
            view,
            closing,
        };
        if let Some((meta, state, file)) = found {
            machine.state = state;
            machine.applied = meta.last_log_id;
            machine.membership = meta.last_membership.clone();
            machine.set_newest(meta, file);
        }
        machine.publish();
        Ok(machine)
    }

    /// How far the newest snapshot goes.
    pub(crate) fn applied(&self) -> Option<LogId> {
        self.applied
    }

    /// Refuses to go on from the snapshot of another folder.
    pub(crate) fn check_owner(&self, node: u64, data_uuid: &str) -> Result<(), String> {
        let last_membership = self.membership.clone();
        let meta = SnapshotMeta { last_log_id: self.applied, last_membership };
        check_owner(&meta, node, data_uuid)
    }

    fn set_newest(&self, meta: SnapshotMeta, file: SnapshotFile) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some((meta, file));
    }

    fn publish(&self) {
        self.view.publish(&self.state, self.applied.map(|id| id.index));
    }

    /// Applies one command; if this version cannot read it, stops here until the node closes.
    ///
    /// Skipping it would let this node serve something else than the others, silently. Raft goes
    /// on beside it: the node still votes and stores entries.
    async fn apply_command(&mut self, log_id: LogId, proposal: &Proposal) -> io::Result<Outcome> {
        let envelope = match Envelope::decode(&proposal.0) {
            Ok(envelope) => envelope,
            Err(unknown) => {
                let why = format!("entry {}: {unknown}", log_id.index);
                tracing::error!(%why, "applying has stopped");
                self.publish();
                self.view.set_halted(Some(why.clone()));
                let _ = self.closing.wait_for(|closing| *closing).await;
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        };
        self.view.count_unsaved(proposal.0.len());
        Ok(Outcome(Some(self.state.apply(log_id.index, &envelope))))
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + OptionalSend,
    {
        let mut answers: Vec<(ApplyResponder<TypeConfig>, Outcome)> = Vec::new();
        while let Some(item) = entries.next().await {
            let (entry, responder) = item?;
            let outcome = match &entry.payload {
                EntryPayload::Blank => Outcome::default(),
                EntryPayload::Normal(proposal) => {
                    self.apply_command(entry.log_id, proposal).await?
                }
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                    Outcome::default()
                }
            };
            self.applied = Some(entry.log_id);
            if let Some(responder) = responder {
                answers.push((responder, outcome));
            }
        }
        // Published first: who has the reply finds the change in the state.
        self.publish();
        for (responder, outcome) in answers {
            responder.send(outcome);
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            meta: SnapshotMeta {
                last_log_id: self.applied,
                last_membership: self.membership.clone(),
            },
            state: self.state.clone(),
            snapshots: Arc::clone(&self.snapshots),
            newest: Arc::clone(&self.newest),
            view: Arc::clone(&self.view),
        }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: SnapshotFile,
    ) -> io::Result<()> {
        let snapshots = Arc::clone(&self.snapshots);
        let wanted = meta.clone();
        let (file, state) = in_background(move || {
            let (found, state) = snapshot.read()?;
            if found != wanted {
                let why = "the snapshot is not the one that was announced";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Ok((snapshots.adopt(&wanted, &snapshot)?, state))
        })
        .await?;
        self.state = state;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.set_newest(meta.clone(), file);
        self.view.saved();
        self.publish();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(newest.map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// Writes one snapshot from a copy of the state, while the state moves on.
pub(crate) struct Builder {
    meta: SnapshotMeta,
    state: State,
    snapshots: Arc<SnapshotFolder>,
    newest: Newest,
    view: Arc<View>,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let (snapshots, meta, state) =
            (Arc::clone(&self.snapshots), self.meta.clone(), self.state.clone());
        self.view.saved();
        let file = in_background(move || snapshots.write(&meta, &state)).await?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was installed meanwhile may be newer.
        if newest.as_ref().is_none_or(|(meta, _)| meta.last_log_id <= self.meta.last_log_id) {
            *newest = Some((self.meta.clone(), file.clone()));
        }
        Ok(Snapshot { meta: self.meta.clone(), snapshot: file })
    }
}
