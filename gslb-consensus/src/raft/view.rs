//! What the rest of the node sees of the applied state; it outlives a rebuild of Raft.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::state::State;

/// How far the state machine has applied: nothing yet, or up to a log index.
type Applied = Option<u64>;

/// The applied state, as it is published.
pub(crate) struct View {
    state: watch::Sender<Arc<State>>,
    applied: watch::Sender<Applied>,
    halted: watch::Sender<Option<String>>,
    /// Bytes applied since the last snapshot, so that few large commands bring one about too.
    unsaved_bytes: AtomicU64,
}

impl View {
    /// A view of the empty state.
    pub(crate) fn new() -> Self {
        Self {
            state: watch::Sender::new(Arc::new(State::default())),
            applied: watch::Sender::new(None),
            halted: watch::Sender::new(None),
            unsaved_bytes: AtomicU64::new(0),
        }
    }

    /// Publishes a state, unless a later one is there already: a rebuilt Raft catches up first.
    pub(crate) fn publish(&self, state: &State, applied: Applied) {
        if applied < *self.applied.borrow() {
            return;
        }
        if self.state.borrow().index != state.index || self.state.borrow().history != state.history
        {
            self.state.send_replace(Arc::new(state.clone()));
        }
        self.applied.send_replace(applied);
    }

    /// Shows a state that came by the feed, as an observer does.
    pub(crate) fn show(&self, state: Arc<State>) {
        let applied = Some(state.index);
        self.state.send_replace(state);
        self.applied.send_replace(applied);
    }

    /// The state as it is now.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// How far it has been applied, as a log index.
    pub(crate) fn applied(&self) -> Applied {
        *self.applied.borrow()
    }

    /// Changes of the state.
    pub(crate) fn watch_state(&self) -> watch::Receiver<Arc<State>> {
        self.state.subscribe()
    }

    /// Changes of how far it has been applied.
    pub(crate) fn watch_applied(&self) -> watch::Receiver<Applied> {
        self.applied.subscribe()
    }

    /// Says that applying has stopped, and why; `None`: it goes on.
    pub(crate) fn set_halted(&self, why: Option<String>) {
        self.halted.send_if_modified(|halted| {
            let changed = *halted != why;
            *halted = why;
            changed
        });
    }

    /// Why applying has stopped, if it has.
    pub(crate) fn halted(&self) -> Option<String> {
        self.halted.borrow().clone()
    }

    /// Changes of whether applying has stopped.
    pub(crate) fn watch_halted(&self) -> watch::Receiver<Option<String>> {
        self.halted.subscribe()
    }

    /// Counts bytes of an applied command.
    pub(crate) fn count_unsaved(&self, bytes: usize) {
        self.unsaved_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes applied since the last snapshot.
    pub(crate) fn unsaved_bytes(&self) -> u64 {
        self.unsaved_bytes.load(Ordering::Relaxed)
    }

    /// Says that a snapshot holds all that has been applied.
    pub(crate) fn saved(&self) {
        self.unsaved_bytes.store(0, Ordering::Relaxed);
    }
}
