//! Observers: nodes outside Raft that follow the feed.

use super::agreed::State;
use super::reply::{RefusalCode, Reply};
use crate::model::limits::OBSERVERS_MAX;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the cluster knows of an observer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserverRecord {
    /// Its name, unique among all nodes.
    pub name: String,
    /// Where other observers may follow it, `host:port`.
    pub feed: String,
    /// Where operators reach its API, `host:port`.
    pub api: String,
}

impl State {
    /// Records an observer under a number of its own, which no node and no observer ever had.
    pub(super) fn add_observer(&mut self, record: &ObserverRecord) -> Result<u64, Reply> {
        if self.name_is_taken(None, &record.name) {
            let what = format!("there is a node {} already", record.name);
            return Err(Reply::refused(RefusalCode::Conflict, what));
        }
        if self.observers.len() >= OBSERVERS_MAX {
            let what = format!("a cluster has at most {OBSERVERS_MAX} observers");
            return Err(Reply::refused(RefusalCode::Limit, what));
        }
        let id = self.last_node_id + 1;
        Arc::make_mut(&mut self.observers).insert(id, record.clone());
        self.last_node_id = id;
        Ok(id)
    }

    /// Removes an observer, if it is one: its number is never given again.
    pub(super) fn remove_observer(&mut self, id: u64) -> bool {
        self.observers.contains_key(&id) && Arc::make_mut(&mut self.observers).remove(&id).is_some()
    }
}
