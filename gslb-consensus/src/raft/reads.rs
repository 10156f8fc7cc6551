//! Reads of the newest state.

use std::sync::Arc;
use std::time::Duration;

use openraft::ReadPolicy;
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use super::core::Core;
use super::errors::ReadError;
use super::messenger::Lane;
use crate::state::State;

/// How long a read of the newest state may take.
const READ: Duration = Duration::from_secs(5);

impl Core {
    /// The newest state: a quorum confirms how far it goes, then this node applies up to there.
    pub(super) async fn read_newest(&self) -> Result<Arc<State>, ReadError> {
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
}
